"""Reads multipart/form-data as a stream (RFC 7578): no part is held in memory."""

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.gateway.errors import RequestError, Situation

MOST_PARTS: Final = 1_100
"""As many files as a mail may ever have, and a hundred other fields. Each part, however small,
takes the processor for 60 µs."""

_ESCAPED: Final = {"%22": '"', "%0D": "\r", "%0A": "\n", "%0d": "\r", "%0a": "\n"}
_EXTENDED: Final = "filename*=utf-8''"


@dataclass(frozen=True, slots=True)
class PartHead:
    """The headers of a part; `file_name` is None where it is no file."""

    name: str
    file_name: str | None
    media_type: str
    content_id: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a form. Its `content` has to be read to the end before the next part."""

    head: PartHead
    content: AsyncIterator[bytes]


class _End:
    """Marks the end of a part among the events."""


_Event = Mapping[str, bytes] | bytes | type[_End]


async def read_parts(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Part]:
    """Yield the parts of a form, each as soon as its headers have arrived.

    Raises:
        RequestError: It is no multipart form, a malformed one, or one of more than `MOST_PARTS`.
    """
    events = _Events(_boundary(content_type), chunks)
    while (event := await events.next()) is not None:
        if isinstance(event, Mapping):
            yield Part(read_head(event), events.content())


def read_head(headers: Mapping[str, bytes]) -> PartHead:
    """Return the head of a part from its headers; their names are in lower case."""
    disposition = _text(headers.get("content-disposition", b""))
    _, parameters = parse_options_header(disposition.encode())
    given = parameters.get(b"filename")
    extended = disposition.lower().rfind(_EXTENDED)
    if extended >= 0:
        # RFC 7578 section 4.2 forbids this parameter; some libraries write it all the same.
        word = disposition[extended + len(_EXTENDED) :].partition(";")[0]
        file_name: str | None = unquote(word.strip())
    else:
        file_name = None if given is None else _unescaped(_text(given))
    return PartHead(
        name=_unescaped(_text(parameters.get(b"name", b""))),
        file_name=file_name,
        media_type=_text(headers.get("content-type", b"")).partition(";")[0].strip().lower(),
        content_id=_text(headers.get("content-id", b"")).strip("<> \t"),
    )


class FormDigest:
    """The digest of a form that is read piece by piece, whatever its boundary is.

    It covers the headers and the octets of each part, in their order. The digest of a body that is
    no form covers all its octets.
    """

    def __init__(self, content_type: str) -> None:
        self._octets = hashlib.sha256()
        self._parts = hashlib.sha256()
        self._part = hashlib.sha256()
        self._collector = _HeaderCollector(self)
        self._parser: MultipartParser | None = None
        self._complete = False
        try:
            self._parser = _parser(self._collector, _boundary(content_type))
        except RequestError:
            return

    def add(self, piece: bytes) -> None:
        """Add the next octets of the body.

        Raises:
            RequestError: It is a form of more than `MOST_PARTS`.
        """
        self._octets.update(piece)
        if self._parser is None:
            return
        try:
            self._parser.write(piece)
        except FormParserError:
            self._parser = None

    def hexdigest(self) -> str:
        """Return the digest of all that was added."""
        is_form = self._parser is not None and self._complete
        return (self._parts if is_form else self._octets).hexdigest()

    def headers_end(self, headers: Mapping[str, bytes]) -> None:
        """Begin a part."""
        self._part = hashlib.sha256()
        for field in sorted(headers.items()):
            self._parts.update(repr(field).encode())

    def octets(self, source: bytes, start: int, end: int) -> None:
        """Add octets of a part."""
        self._part.update(memoryview(source)[start:end])

    def part_end(self) -> None:
        """End a part."""
        self._parts.update(self._part.digest())

    def end(self) -> None:
        """End the form."""
        self._complete = True


class _PartReceiver(Protocol):
    """Gets the parts of a form from the parser."""

    def headers_end(self, headers: Mapping[str, bytes]) -> None: ...

    def octets(self, source: bytes, start: int, end: int) -> None: ...

    def part_end(self) -> None: ...

    def end(self) -> None: ...


class _HeaderCollector:
    """Puts the headers of each part together from the pieces that the parser gives."""

    def __init__(self, receiver: _PartReceiver) -> None:
        self.receiver = receiver
        self._headers: dict[str, bytes] = {}
        self._name = self._value = b""
        self._parts = 0

    def begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _malformed(f"it has more than {MOST_PARTS} parts")

    def header_name(self, source: bytes, start: int, end: int) -> None:
        self._name += source[start:end]

    def header_value(self, source: bytes, start: int, end: int) -> None:
        self._value += source[start:end]

    def header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def headers_end(self) -> None:
        self.receiver.headers_end(self._headers)


class _Events:
    """A queue of the parser's events. It reads a chunk only when it is empty."""

    def __init__(self, boundary: bytes, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._queue: deque[_Event] = deque()
        self._complete = False
        self._parser = _parser(_HeaderCollector(self), boundary)

    async def next(self) -> _Event | None:
        """Return the next event, None after the last part."""
        while not self._queue:
            chunk = await anext(self._chunks, None)
            if chunk is None and self._complete:
                return None
            if chunk is None:
                raise _malformed("it ends before its last boundary")
            self._parse(chunk)
        return self._queue.popleft()

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the octets of the part whose headers came last."""
        while isinstance(event := await self.next(), bytes):
            yield event

    def _parse(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed("a part is malformed") from error

    def headers_end(self, headers: Mapping[str, bytes]) -> None:
        self._queue.append(headers)

    def octets(self, source: bytes, start: int, end: int) -> None:
        if start < end:
            self._queue.append(source[start:end])

    def part_end(self) -> None:
        self._queue.append(_End)

    def end(self) -> None:
        self._complete = True


def _parser(collector: _HeaderCollector, boundary: bytes) -> MultipartParser:
    receiver = collector.receiver
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": collector.begin,
                "on_header_field": collector.header_name,
                "on_header_value": collector.header_value,
                "on_header_end": collector.header_end,
                "on_headers_finished": collector.headers_end,
                "on_part_data": receiver.octets,
                "on_part_end": receiver.part_end,
                "on_end": receiver.end,
            },
        )
    except FormParserError as error:
        raise _malformed("its boundary is too long") from error


def _boundary(content_type: str) -> bytes:
    kind, parameters = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise RequestError(
            Situation.PARAMETER_MISSING, "send the file as multipart/form-data, part attachment"
        )
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise _malformed("its Content-Type names no boundary")
    return boundary


def _text(octets: bytes) -> str:
    """Decode a header value: UTF-8, or Latin-1 as old browsers send it."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _unescaped(text: str) -> str:
    for escape, mark in _ESCAPED.items():
        text = text.replace(escape, mark)
    return text


def _malformed(reason: str) -> RequestError:
    return RequestError(Situation.VALUE_REFUSED, f"the form cannot be read: {reason}")
