"""Node and npm: for the desktop's build, and for tests that speak to us as its client does."""

import shutil
import subprocess

from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError

Version = tuple[int, ...]

_OLDEST: Version = (18,)


def find_node(oldest: Version = _OLDEST) -> str:
    """Return the path of `node`, installed first if need be.

    Raises:
        NotPossibleError: it is missing or too old and cannot be installed from here.
    """
    if missing := [name for name, tool in _TOOLS.items() if shutil.which(tool) is None]:
        install(missing)
    node = shutil.which("node") or "/usr/bin/node"
    if (version := _version(node)) < oldest:
        found, wanted = (".".join(map(str, one)) for one in (version, oldest))
        raise NotPossibleError(
            f"{node} is version {found}; please install Node {wanted} or newer,"
            " from nodejs.org or the packages of NodeSource"
        )
    return node


_TOOLS = {"nodejs": "node", "npm": "npm"}


def _version(node: str) -> Version:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    numbers = answer.stdout.strip().removeprefix("v").partition("-")[0].split(".")
    return tuple(int(one) for one in numbers)
