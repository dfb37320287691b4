"""The frames on the pipes between `IsolatedParser` and its children.

A child writes STARTED once, before its first response. A request is its length and the seconds it
may take (8 and 2 octets), then the envelope sender (`?` if unknown, else `=` and the address), NUL,
and the mail. A response is its length (8 octets), a mark and the content: `=` and the mail as JSON,
`!` and the limit that the mail exceeds, or `x` and the place where the parser failed.
"""

import struct
from typing import Final

REQUEST: Final = struct.Struct(">QH")
ANSWER: Final = struct.Struct(">Qc")
READ: Final = b"="
REFUSED: Final = b"!"
FAILED: Final = b"x"
STARTED: Final = b"\n"


def pack_head(raw: bytes, envelope_sender: str | None, *, seconds: int) -> bytes:
    """Return the octets before the mail. They are separate, so that a large mail is not copied."""
    known = b"?" if envelope_sender is None else b"=" + envelope_sender.encode().replace(b"\0", b"")
    sender = known + b"\0"
    return REQUEST.pack(len(sender) + len(raw), seconds) + sender


def unpack_request(request: bytes) -> tuple[str | None, bytes]:
    """Return the envelope sender, if known, and the mail."""
    end = request.index(b"\0")
    sender = request[1:end].decode() if request[:1] == b"=" else None
    return sender, request[end + 1 :]
