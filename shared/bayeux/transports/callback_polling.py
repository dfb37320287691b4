"""Bayeux as scripts (JSONP), for pages that cannot use CORS; off by default."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from shared.bayeux.messages.message import MalformedError, Message, decode, frame
from shared.bayeux.settings import BayeuxSettings
from shared.http.answer import Header

HEADERS: Final[Sequence[Header]] = (
    (b"content-type", b"text/javascript;charset=UTF-8"),
    # Opened as a document it is downloaded, so that it never runs as a page of ours.
    (b"content-disposition", b"attachment; filename=f.txt"),
    (b"cache-control", b"no-store"),
)
MAX_QUERY_SIZE: Final = 16 * 1024
"""Octets. With the largest headers it stays within the limit for a head, also at other pods."""

_CALLBACK: Final = re.compile(r"[a-zA-Z0-9._-]{1,64}")
_SEPARATORS: Final = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "<": "\\u003c"})


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """Messages from a page, and the function that the answer calls."""

    callback: str
    messages: Sequence[Message]


def read_script_request(query: bytes, settings: BayeuxSettings) -> ScriptRequest:
    """Read a query of the form `jsonp=name&message=…`.

    Raises:
        MalformedError: The name is missing or not a plain one, or there is no valid message.
    """
    try:
        fields = parse_qs(query.decode("ascii"), errors="strict", max_num_fields=8)
    except ValueError as error:
        raise MalformedError("not a query") from error
    callback = fields.get("jsonp", [""])[0]
    if _CALLBACK.fullmatch(callback) is None:
        raise MalformedError("the callback is no name")
    limits = {"max_batch": settings.max_batch, "max_depth": settings.max_depth}
    return ScriptRequest(callback, decode(fields.get("message", [""])[0], **limits))


def script(callback: str, texts: Sequence[bytes]) -> bytes:
    """Return the script that passes messages to the callback.

    The leading comment prevents attacks that make a plugin read the answer as its own format.
    """
    return f"/**/{callback}({frame(texts).decode().translate(_SEPARATORS)});".encode()
