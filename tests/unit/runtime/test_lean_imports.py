"""The start of a service: what it imports, and what it leaves to the collector of garbage."""

import subprocess
import sys

import pytest

_SCRIPT = """
import gc, sys
import services.{name}.__main__
print(gc.isenabled(), gc.get_freeze_count() > 50_000)
print(*sorted(name for name, module in sys.modules.items() if module is not None), sep="\\n")
"""

_TOOLS = {"rich", "pygments", "cryptography", "pymongo.pyopenssl_context"}
_WORKERS = {"shared.bayeux", "websockets", "starlette", "httpx2", "joserfc"}
_GATEWAY = {"httpx2", "joserfc", "services.gateway.rest.openapi.document"}


@pytest.mark.parametrize(("name", "unused"), [("routing", _WORKERS), ("gateway", _GATEWAY)])
def test_start_imports_nothing_that_is_not_used(name: str, unused: set[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-c", _SCRIPT.format(name=name)],
        capture_output=True,
        text=True,
        check=True,
    )

    collector, *modules = done.stdout.splitlines()
    assert not (_TOOLS | unused) & set(modules)
    assert collector == "True True"
