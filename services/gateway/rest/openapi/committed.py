"""The OpenAPI document as it is committed, which is what the gateway serves.

It stands apart from the modules that make it, because a gateway needs none of them to serve it.
"""

from pathlib import Path
from typing import Final

COMMITTED: Final = Path(__file__).with_name("openapi.json")
