"""Reads the same mails again and again: `python -P FILE`, asked over standard input.

The first line it is given is a folder of raw mails. Each further line names one way to read them,
and is answered with the processor seconds that one pass over all mails took. It runs in the
checkout that is measured, also in one of long ago.
"""

import email
import email.header
import email.policy
import email.utils
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_ADDRESSED = ("From", "Reply-To", "To", "Cc")


def _module(*names: str) -> Any:
    """Return the first module of these names that the checkout has: releases move modules."""
    for name in names:
        with suppress(ModuleNotFoundError):
            return import_module(name)
    raise ModuleNotFoundError(f"none of {', '.join(names)}")


def ways() -> Mapping[str, Callable[[bytes], object]]:
    """Return the ways to read one mail, by name."""
    parse_mail = _module("shared.mail.parsing.parser", "shared.mail.parsing").parse_mail

    def whole(raw: bytes) -> object:
        sections = _module("shared.mail.sections.reader").bounded_sections
        return sections(parse_mail(raw).text)

    return {"parse": parse_mail, "whole": whole, "compat32": read_by_library}


def read_by_library(raw: bytes) -> object:
    """Read a mail by `email.policy.compat32`: what our parser reads, so far as it can."""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    found: list[object] = [_decoded(mail.get("Subject", "")), mail.get_all("References", [])]
    with suppress(TypeError, ValueError):
        found.append(email.utils.parsedate_to_datetime(mail.get("Date", "")))
    for name in _ADDRESSED:
        given = email.utils.getaddresses([str(one) for one in mail.get_all(name, [])])
        found += [(_decoded(person), address) for person, address in given]
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        found.append(part.get_filename())
        if part.get_content_maintype() == "text" and isinstance(content, bytes):
            try:
                found.append(content.decode(part.get_content_charset("utf-8"), "replace"))
            except LookupError:
                found.append(content.decode("latin-1"))
    return found


def _decoded(field: object) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(str(field))))
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return str(field)


def passed(read: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    """Return the processor seconds of one pass; a mail that is refused counts as read."""
    began = time.process_time()
    for raw in mails:
        with suppress(Exception):
            read(raw)
    return time.process_time() - began


def main() -> None:
    """Answer each line until standard input ends."""
    folder = Path(sys.stdin.readline().rstrip("\n"))
    mails = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    known = ways()
    for line in sys.stdin:
        sys.stdout.write(f"{passed(known[line.strip()], mails)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
