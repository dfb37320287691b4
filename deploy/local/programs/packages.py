"""Debian packages the system needs: found, installed when we may, else named with the command."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.folders import process_lock
from deploy.local.progress import NotPossibleError, report, waiting

_POLICY = Path("/usr/sbin/policy-rc.d")
_DENY = "#!/bin/sh\n# Mailroom: start no service while its package is installed.\nexit 101\n"


def install(packages: Sequence[str]) -> None:
    """Install Debian packages without starting the services they bring.

    Raises:
        NotPossibleError: we may not or cannot; the message is the command to type.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotPossibleError(_command_to_type(packages))
    names = " ".join(packages)
    # Of two that refresh the list at the same time one fails.
    with process_lock("packages"):
        with waiting("refreshing the list of Debian packages"):
            _apt_get("update")
        with waiting(f"installing {names}"), _no_service_starts():
            _apt_get("install", "--yes", "--no-install-recommends", *packages)


def _command_to_type(packages: Sequence[str]) -> str:
    names = " ".join(packages)
    return (
        f"{names}: missing, and only root can install it. Please type:\n"
        f"  sudo apt-get update && sudo apt-get install --no-install-recommends {names}"
    )


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["/usr/bin/apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotPossibleError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Deny through Debian's own policy file, unless the machine has such a policy already."""
    if _POLICY.exists() and _POLICY.read_text() != _DENY:
        yield
        return
    _POLICY.write_text(_DENY)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def disable_service(name: str) -> None:
    """Keep a service we have just installed from starting with the machine."""
    systemctl = shutil.which("systemctl")
    if systemctl is None or not Path("/run/systemd/system").exists():
        return
    subprocess.run([systemctl, "disable", name], capture_output=True, check=False)
    report(f"{name}: installed for private use, the machine's own service stays off")
