"""Parses Content-Type and Content-Disposition with parameters (RFC 2045, 2183 and 2231)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import decode_words, one_line, read_raw

_PARAMETER: Final = re.compile(
    r""";\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"?+|[^;"]*+)""", re.DOTALL
)
_NO_SEMICOLON: Final = re.compile(
    r"""\s*+(?:['"]?([^\s;="',]++)['"]?[\s,]++)?(?=[^\s=;"]++\s*+=)"""
)
_AROUND_SLASH: Final = re.compile(r" ?/ ?")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_ESCAPED: Final = re.compile(r'\\(["\\])')
_SECTION: Final = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?")


@dataclass(frozen=True, slots=True)
class ParameterisedValue:
    """A header such as Content-Type: lower-case main value and decoded parameters."""

    main: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def media_type(self) -> str | None:
        """The main value if it has the form of a media type, else None."""
        found = _MEDIA_TYPE.match(self.main)
        return found[0] if found else None

    def get(self, name: str) -> str:
        """Return a parameter, or the empty string."""
        return self.parameters.get(name, "")


def parse_parameters(value: bytes | None) -> ParameterisedValue:
    """Parse a structured header. A repeated parameter counts once; damaged ones are skipped."""
    if not value:
        return ParameterisedValue()
    text = read_raw(value)
    if "=?" in text.partition(";")[0]:
        text = decode_words(text)
    if "=" in text.partition(";")[0] and (missing := _NO_SEMICOLON.match(text)):
        text = f"{missing[1] or ''};{text[missing.end() :]}"
    end = text.find(";") if ";" in text else len(text)
    main = one_line(text[:end]).strip("\"' ").lower()
    if " " in main:
        main = _AROUND_SLASH.sub("/", main)
    raw = [(name.lower(), _unquote(given)) for name, given in _PARAMETER.findall(text, end)]
    return ParameterisedValue(main, _decode_all(raw))


def _unquote(given: str) -> str:
    if not given.startswith('"'):
        return given.strip()
    inner = given[1:-1] if len(given) > 1 and given.endswith('"') else given[1:]
    # Names may be Windows paths with single backslashes, so only \" and \\ are escapes.
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def _decode_all(raw: list[tuple[str, str]]) -> dict[str, str]:
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in raw:
        found = _SECTION.fullmatch(name) if "*" in name else None
        if found is None:
            # Boundaries are compared with the octets of the body, so they are not decoded.
            read = value.strip() if name == "boundary" else one_line(decode_words(value))
            plain.setdefault(name, read)
        else:
            section = int(found[2] or 0)
            sections.setdefault(found[1], {}).setdefault(section, (value, bool(found[3])))
    return plain | {name: _join(pieces) for name, pieces in sections.items()}


def _join(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """Join the sections of a parameter (RFC 2231); the first names the charset of all."""
    charset = ""
    out: list[bytes] = []
    for section in sorted(pieces):
        value, extended = pieces[section]
        if extended and not out and value.count("'") > 1:
            charset, _, value = value.split("'", 2)
        out.append(unquote_to_bytes(value) if extended else value.encode("utf-8"))
    joined = decode(b"".join(out), charset)
    return one_line(decode_words(joined))
