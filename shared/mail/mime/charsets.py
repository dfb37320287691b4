"""Decodes octets to text: declared charset, UTF-8, ISO-2022, a guess, windows-1252."""

import codecs
import re
from collections.abc import Callable, Iterator
from encodings import aliases, normalize_encoding
from functools import lru_cache
from typing import Final

from chardetng_py import EncodingDetector

_GUESS_FROM: Final = 64 * 1024
_REMEMBERED: Final = 8
_NO_LABEL: Final = frozenset(
    {"", "unknown", "x-unknown", "unknown-8bit", "x-user-defined", "default", "binary"}
)
# Senders that declare these charsets use the supersets (WHATWG Encoding Standard).
_SUPERSETS: Final = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
}
_ALIASES: Final = {
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "ks_c_5601": "cp949",
    "windows-874": "cp874",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-x-big5": "big5hkscs",
    "x-euc-jp": "euc_jp",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "x-windows-949": "cp949",
    "windows-949": "cp949",
    "ms949": "cp949",
    "ksc_5601": "cp949",
    "windows-936": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "chinesebig5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "windows-950": "big5hkscs",
    "cp950": "big5hkscs",
    "cn-gb": "gb18030",
    "chinese": "gb18030",
    "windows-932": "cp932",
    "ms932": "cp932",
    "x-euc-kr": "cp949",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "win-1251": "cp1251",
    "koi8": "koi8-r",
    "koi": "koi8-r",
    "x-koi8-r": "koi8-r",
    "koi8-ru": "koi8-u",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "dos-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
}
# Other labels are never looked up, because Python's codec cache keeps every miss for ever.
_KNOWN: Final = frozenset(
    {*aliases.aliases, *aliases.aliases.values(), "cp874", "koi8_u", "mac_cyrillic", "mac_roman"}
)
# Python lists these among its codecs, but they are no charsets.
_NOT_CHARSETS: Final = frozenset(
    {
        "base64",
        "bz2",
        "hex",
        "quopri",
        "rot-13",
        "uu",
        "zlib",
        "mbcs",
        "raw-unicode-escape",
        "unicode-escape",
    }
)
_MULTI_BYTE: Final = frozenset({"utf-8", "gb18030", "big5hkscs", "cp932", "cp949", "euc_jp"})
# Programs declare these by default, whatever they write, so they say little.
_DEFAULTS: Final = frozenset({None, "ascii", "utf-8", "cp1252"})
_OF_OTHER_SCRIPTS: Final = _MULTI_BYTE | {
    *("koi8-r", "koi8-u", "cp866", "cp1251", "iso8859-5", "cp1253", "iso8859-7"),
    *("cp1255", "iso8859-8", "cp1256", "iso8859-6", "cp874"),
}
_SOUND_FOR_EACH_LOST: Final = 10
_ASCII: Final = bytes(range(128))
_FEW: Final = 4
_JIS_SHIFT: Final = re.compile(rb"\x1b(\$[@B]|\([BJI])")
# `in` is many times as fast for the number of an octet as for octets.
_ESCAPE: Final = 0x1B
_ISO_2022_KR: Final = b"\x1b$)C"


def decode(raw: bytes, label: str | None = None) -> str:
    """Return the octets as text; never raises and never returns a surrogate.

    `label` is the declared charset. Octets that cannot be decoded become replacement characters.
    """
    if raw.isascii() and _ESCAPE not in raw and not _changes_ascii(label):
        return raw.decode("ascii")
    return next(text for text in _attempts(raw, label) if text is not None)


def decode_raw(raw: bytes, hint: str = "") -> str:
    """Return raw 8-bit octets of a header as text: UTF-8, else the charset `hint`.

    If `hint` is only a program's default, text that is clearly of another script is decoded by a
    guess instead.
    """
    if raw.isascii() and _ESCAPE not in raw:
        return raw.decode("ascii")
    text = _strictly(raw, "utf-8") if _ESCAPE not in raw else None
    if text is not None:
        return text
    hinted = codec_for(hint)
    if hinted in _DEFAULTS and (guessed := _guess(raw)) in _OF_OTHER_SCRIPTS:
        text = _strictly(raw, guessed)
    return decode(raw, hint) if text is None else text


def is_common_default(label: str) -> bool:
    """Say whether a charset is one that programs declare by default, whatever they write."""
    return codec_for(label) in _DEFAULTS


def reads_as(raw: bytes, label: str) -> bool:
    """Say whether the octets are valid text of a charset."""
    return _strictly(raw, codec_for(label) or "ascii") is not None


def is_one_octet_a_character(label: str) -> bool:
    """Say whether a charset has one octet a character, so that any octets are valid text of it."""
    codec = codec_for(label)
    return codec is None or codec == "ascii" or codec.startswith(("cp12", "iso8859", "koi8"))


def codec_for(label: str | None) -> str | None:
    """Return the Python codec for a charset label of a mail, None if there is none."""
    wanted = (label or "").strip("\"' \t,;:.").lower()
    if wanted in _NO_LABEL:
        return None
    wanted = _ALIASES.get(wanted, wanted)
    if not wanted.isascii() or normalize_encoding(wanted) not in _KNOWN:
        return None
    return _text_codec(wanted)


def _text_codec(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return None if name in _NOT_CHARSETS else _SUPERSETS.get(name, name)


def _changes_ascii(label: str | None) -> bool:
    return label is not None and label.strip().lower().startswith(
        ("utf-7", "utf-16", "utf-32", "hz", "unicode")
    )


def _attempts(raw: bytes, label: str | None) -> Iterator[str | None]:
    if _ESCAPE in raw:
        yield _iso_2022(raw)
    codec = codec_for(label)
    if codec and codec != "ascii":
        yield _declared(raw, codec)
    yield _strictly(raw, "utf-8")
    if codec:
        yield _damaged(raw, codec)
    yield _damaged(raw, "utf-8")
    yield _strictly(raw, _guess(raw))
    yield _windows_1252(raw)


def _declared(raw: bytes, codec: str) -> str | None:
    return _windows_1252(raw) if codec == "cp1252" else _strictly(raw, codec)


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        text = raw.decode(codec)
        text.encode("utf-8")
    except (LookupError, ValueError):
        return None
    return text


def _damaged(raw: bytes, codec: str) -> str | None:
    """Return the text with replacement characters, None if too little of it is valid."""
    if codec == "euc_jp" and (text := _strictly(raw, "euc_jis_2004")) is not None:
        return text
    if codec.startswith("cp125"):
        return raw.decode(codec, "mail-c1")
    if codec not in _MULTI_BYTE:
        return None
    text = raw.decode(codec, "replace")
    lost = text.count("\ufffd")
    sound = len(text) - len(text.encode("ascii", "ignore")) - lost
    needed = lost if codec == "utf-8" or lost == 1 else lost * _SOUND_FOR_EACH_LOST
    return text if sound >= needed else None


def _guess(raw: bytes) -> str:
    guessed = _detected(raw[:_GUESS_FROM])
    # With few letters the detector mistakes western text for Baltic.
    is_few = guessed in {"cp1257", "iso8859-4"} and len(raw.translate(None, _ASCII)) < _FEW
    return "cp1252" if is_few else guessed


@lru_cache(_REMEMBERED)
def _detected(raw: bytes) -> str:
    """Return the detector's charset; a field or a text of one mail is often decoded again."""
    detector = EncodingDetector()
    detector.feed(raw, last=True)
    return codec_for(detector.guess(tld=None, allow_utf8=False)) or "cp1252"


def _undefined_as_control(error: UnicodeError) -> tuple[str, int]:
    """Decode the five octets that windows-1252 leaves undefined as C1 controls, as browsers do."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("mail-c1", _undefined_as_control)


def _windows_1252(raw: bytes) -> str:
    return raw.decode("cp1252", "mail-c1")


def _iso_2022(raw: bytes) -> str | None:
    if raw.find(_ISO_2022_KR) >= 0:
        return _strictly(raw, "iso2022_kr")
    if not raw.isascii() or _JIS_SHIFT.search(raw) is None:
        return None
    return _strictly(raw, "iso2022_jp_ext") or _microsoft_jis(raw)


def _microsoft_jis(raw: bytes) -> str | None:
    """Decode ISO-2022-JP with vendor rows that only cp932 has."""
    pieces = _JIS_SHIFT.split(raw)
    readers = [_JIS_READERS[shift] for shift in pieces[1::2]]
    octets = [read(piece) for read, piece in zip(readers, pieces[2::2], strict=True)]
    return _strictly(pieces[0] + b"".join(octets), "cp932")


def _to_shift_jis(jis: bytes) -> bytes:
    """Move pairs of 7-bit JIS X 0208 octets to their place in Shift_JIS."""
    out = bytearray()
    for row, cell in zip(jis[::2], jis[1::2], strict=False):
        lead = ((row + 1) >> 1) + (0x70 if row < 0x5F else 0xB0)  # noqa: PLR2004 (the code's own layout)
        trail = cell + (0x1F + (cell >= 0x60) if row & 1 else 0x7E)  # noqa: PLR2004
        out += bytes((lead & 0xFF, trail & 0xFF))
    return bytes(out)


def _to_kana(jis: bytes) -> bytes:
    return bytes(octet | 0x80 for octet in jis)


_JIS_READERS: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"$@": _to_shift_jis,
    b"$B": _to_shift_jis,
    b"(B": bytes,
    b"(J": bytes,
    b"(I": _to_kana,
}
