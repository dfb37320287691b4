"""Hashes passwords by argon2id, with the parameters that argon2-cffi recommends."""

import getpass
import sys

from argon2 import PasswordHasher

from services.console.exit_codes import Exit, NotPossibleError


def hash_password(password: str) -> str:
    """Return the hash to put into the description (RFC 9106, low-memory profile: 64 MiB).

    Raises:
        NotPossibleError: The password is empty.
    """
    if not password:
        raise NotPossibleError("the password is empty: enter one", Exit.BAD_FILE)
    return PasswordHasher().hash(password)


def ask_for_password() -> str:
    """Return the first line of standard input, or what a person types twice without an echo.

    Raises:
        NotPossibleError: The two inputs differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise NotPossibleError("the two passwords differ: run it again", Exit.BAD_FILE)
    return first
