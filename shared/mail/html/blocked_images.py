"""The prefix of image addresses that a browser must not load by itself."""

from typing import Final

BLOCKED: Final = "blocked:"
