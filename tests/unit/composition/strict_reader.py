"""Header blocks read as the strictest server reads them, with nothing of the standard library."""

import re

_FIELD = re.compile(rb"([A-Za-z-]+): ?(?:[^\x00-\x20\x7f][^\x00-\x1f\x7f]*)?")
_FOLDED = re.compile(rb" +[^\x00-\x20\x7f][^\x00-\x1f\x7f]*")


def names_in(block: bytes) -> list[str]:
    """Return the names of the fields in a block that ends with CRLF, in order."""
    *lines, end = block.split(b"\r\n")
    assert end == b"", block
    names: list[str] = []
    for line in lines:
        assert len(line) <= 998, line
        found = _FIELD.fullmatch(line)
        if found:
            names.append(found[1].decode())
        else:
            assert names, line
            assert _FOLDED.fullmatch(line), line
    return names


def names_on_top(octets: bytes) -> list[str]:
    """Return the names of the fields above the first empty line."""
    block, empty, _ = octets.partition(b"\r\n\r\n")
    assert empty, octets
    return names_in(block + b"\r\n")
