"""Postfix and Dovecot, for the tests of what real mail servers do."""

import os
import shutil
from pathlib import Path

from deploy.local.folders import process_lock
from deploy.local.programs.packages import disable_service, install
from deploy.local.progress import NotPossibleError

POSTFIX = Path("/usr/lib/postfix/sbin/master")
DOVECOT = Path("/usr/sbin/dovecot")
IMAP = Path("/usr/lib/dovecot/imap")


def find_mail_server() -> None:
    """See that both are there, installed first if need be.

    Raises:
        NotPossibleError: They are missing and cannot be installed from here, or we are not root,
            which Postfix's processes have to start as.
    """
    if os.geteuid() != 0:
        raise NotPossibleError("Postfix can only be started by root: run this test as root")
    with process_lock("mail-server"):
        if not (POSTFIX.exists() and DOVECOT.exists()):
            install(["postfix", "dovecot-core"])
            for name in ("postfix", "dovecot"):
                disable_service(name)
    if shutil.which("postconf") is None:
        raise NotPossibleError("postfix is installed, but its tools are not in PATH")


def find_imap_server() -> None:
    """See that Dovecot with IMAP is there, installed first if need be.

    Raises:
        NotPossibleError: It is missing and cannot be installed from here, or we are not root,
            whom it needs to give its processes users of their own.
    """
    if os.geteuid() != 0:
        raise NotPossibleError("Dovecot is started by root: run this test as root")
    with process_lock("mail-server"):
        if not IMAP.exists():
            install(["dovecot-imapd"])
            disable_service("dovecot")
