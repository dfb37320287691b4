"""Secrets that are made up once and kept in a file."""

import secrets
from pathlib import Path


def secret(file: Path) -> str:
    """Return what a file holds that nobody else may read; make it up where there is none."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16))
        file.chmod(0o400)
    return file.read_text()
