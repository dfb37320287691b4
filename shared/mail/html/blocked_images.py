"""The mark before the address of a picture that no browser may load by itself."""

from typing import Final

BLOCKED: Final = "blocked:"
