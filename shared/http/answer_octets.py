"""Writes an answer as the octets of HTTP/1.1."""

from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from shared.http.answer import Answer, Header


def answer_octets(answer: Answer, headers: Iterable[Header], *, is_last: bool) -> bytes:
    """Return an answer with further `headers`; the last one says that the connection ends."""
    lines = [STATUS_LINE[answer.status]]
    for name, value in (*headers, *answer.headers):
        lines += (name, b": ", value, b"\r\n")
    if is_last:
        lines.append(b"connection: close\r\n")
    lines += (b"content-length: %d\r\n\r\n" % len(answer.body), answer.body)
    return b"".join(lines)
