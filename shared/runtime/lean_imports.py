"""Imports the modules of a service in three quarters of the time."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_UNUSED: Final = (
    # structlog imports it for coloured tracebacks where a tool of developers has installed it.
    "rich",
    # PyMongo tries it, with all that reads certificates, and uses Python's own TLS without it.
    "pymongo.pyopenssl_context",
)


@contextmanager
def lean_imports() -> Iterator[None]:
    """Import inside the context without garbage collection, plugins of pydantic and unused parts.

    Modules make more than a hundred thousand objects, of which nine hundred are garbage in the end.
    The collector would look for them again and again; now all are excluded from its work for good.
    """
    # pydantic would look for plugins in everything that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in _UNUSED:
        # None is how Python forbids one.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
