"""Node 18 or newer and npm, for the tests that speak to us as a browser's client does."""

import shutil
import subprocess

from deploy.local.packages import install
from deploy.local.progress import NotPossibleError

_OLDEST = 18


def find_node() -> str:
    """Return the path of `node`, installed first if need be.

    Raises:
        NotPossibleError: it is missing or too old and cannot be installed from here.
    """
    if missing := [name for name, tool in _TOOLS.items() if shutil.which(tool) is None]:
        install(missing)
    node = shutil.which("node") or "/usr/bin/node"
    if (version := _major_version(node)) < _OLDEST:
        raise NotPossibleError(f"{node} is version {version}; please install Node {_OLDEST}+")
    return node


_TOOLS = {"nodejs": "node", "npm": "npm"}


def _major_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.strip().removeprefix("v").split(".")[0])
