"""ClamAV's clamd, for the tests of what a real virus scanner says."""

from pathlib import Path
from typing import Final

from deploy.local.folders import process_lock
from deploy.local.programs.packages import disable_service, install

CLAMD: Final = Path("/usr/sbin/clamd")


def find_virus_scanner() -> None:
    """See that clamd is there, installed first if need be.

    Raises:
        NotPossibleError: It is missing and cannot be installed from here.
    """
    with process_lock("virus-scanner"):
        if not CLAMD.exists():
            install(["clamav-daemon"])
            disable_service("clamav-daemon")
