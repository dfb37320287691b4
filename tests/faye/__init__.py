"""Faye (npm): its client for our tests, its server to be measured beside ours."""

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
