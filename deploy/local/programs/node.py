"""Node and npm: for the desktop's build, and for tests that speak to us as its client does."""

import re
import shutil
import subprocess

from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError

Version = tuple[int, ...]

_OLDEST: Version = (18,)


def find_node(oldest: Version = _OLDEST) -> str:
    """Return the path of `node`, installed first if need be.

    Raises:
        NotPossibleError: it is missing, too old, or does not run, and cannot be installed from
            here.
    """
    if missing := [name for name, tool in _TOOLS.items() if shutil.which(tool) is None]:
        install(missing)
    node = shutil.which("node") or "/usr/bin/node"
    if (version := _version(node)) >= oldest:
        return node
    found, wanted = (".".join(map(str, one)) for one in (version, oldest))
    what = f"is version {found}" if version else "does not say its version"
    raise NotPossibleError(
        f"{node} {what}; please install Node {wanted} or newer,"
        " from nodejs.org or the packages of NodeSource"
    )


_TOOLS = {"nodejs": "node", "npm": "npm"}


def _version(node: str) -> Version:
    """Return its version, an empty one where it does not run: version managers leave stubs."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    found = re.match(r"v?(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(int(one) for one in found[1].split(".")) if found else ()
