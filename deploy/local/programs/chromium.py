"""Chromium, for the tests of what only a browser does."""

import shutil

from deploy.local.programs.packages import install


def find_chromium() -> str:
    """Return the path of `chromium`, installed first if need be.

    Raises:
        NotPossibleError: it is missing and cannot be installed from here.
    """
    if (found := shutil.which("chromium")) is not None:
        return found
    install(["chromium"])
    return "/usr/bin/chromium"
