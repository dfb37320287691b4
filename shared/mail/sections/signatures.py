"""Finds signatures: below "-- ", what a telephone adds, and blocks of name and numbers."""

import re
from collections.abc import Sequence
from typing import Final

from shared.mail.sections.lines import Line
from shared.mail.sections.phrases.all_languages import phrases_of
from shared.mail.sections.phrases.phrase_set import PhraseSet, has_any

_DELIMITER: Final = re.compile(r"--\Z|-----BEGIN PGP SIGNATURE|[\u2013\u2014]\Z|_{2,4}\Z")
_BEGINS_DELIMITER: Final = frozenset("-_\u2013\u2014")
_RULE: Final = re.compile(r"[-_=*~\u2013\u2014\u2500]{3,}\Z")
_NAME: Final = r"[^\W\d_][\w.'-]{0,20}"
_DASH_NAME: Final = re.compile(
    rf"[-\u2013\u2014]{{1,2}}\s?{_NAME}(?: {_NAME}){{0,2}}\Z|--\s?[^\W\d_].{{1,80}}\Z"
)
_DEVICE: Final = phrases_of("device")
_DEVICE_NAMES: Final = re.compile(
    r"iphone|ipad|ipod|ios|android|samsung|galaxy|outlook|mail|blackberry|windows|yahoo|handy|phone"
    r"|mobil|huawei|xiaomi|nokia|spark|proton|k-9|\bapp\b|tablet|телефон|смартфон|手机|手機|моб|τηλ"
    r"|téléphone|móvil|portable|\bgsm\b|telefon|teléfono|\bhtc\b|sony|motorola|nexus|pixel|oneplus"
    r"|web\.de|gmx|orange|wireless|device|gerät|cihaz|устройств|macbook|thunderbird|superhuman"
    r"|\baol\b|verizon|t-mobile|at&t|vodafone|treo|palm|courrier|correo|posta|почт|邮件|郵件|newton"
    r"|boxer|hey\b|zoho|telekom",
    re.IGNORECASE,
)
_LONGEST_DEVICE_LINE: Final = 160
_CLOSING: Final = PhraseSet(
    "regards", "kind regards", "best regards", "warm regards", "with kind regards", "best wishes",
    "with best regards", "kindest regards", "many regards", "my best regards", "best", "cheers",
    "thanks", "thanks again", "thanks a lot", "thank you", "many thanks", "thanks and regards",
    "sincerely", "sincerely yours", "yours", "yours truly", "yours sincerely", "yours faithfully",
    "all the best", "respectfully", "rgds", "br", "kr", "thx",
    "freundliche Grüße", "mit freundlichen Grüßen", "mit freundlichen Grüssen",
    "mit freundlichem Gruß", "freundlichen Gruß", "beste Grüße", "besten Gruß", "viele Grüße",
    "liebe Grüße", "herzliche Grüße", "schöne Grüße", "freundliche Grüsse", "beste Grüsse", "Grüße",
    "Gruß", "mfg", "lg", "vg", "hochachtungsvoll",
    "cordialement", "bien cordialement", "cdlt", "salutations", "bien à vous",
    "meilleures salutations", "sincères salutations", "saludos", "saludos cordiales",
    "un saludo", "un cordial saludo", "atentamente", "atte", "cordiali saluti", "distinti saluti",
    "saluti", "cordialmente", "atenciosamente", "att", "cumprimentos", "melhores cumprimentos",
    "com os melhores cumprimentos", "met vriendelijke groet", "met vriendelijke groeten",
    "vriendelijke groet", "vriendelijke groeten", "groeten", "groet", "mvg",
    "med vänliga hälsningar", "vänliga hälsningar", "med vänlig hälsning", "vänlig hälsning",
    "hälsningar", "med vennlig hilsen", "vennlig hilsen", "med venlig hilsen", "venlig hilsen",
    "mvh", "ystävällisin terveisin", "terveisin", "z poważaniem", "pozdrawiam", "s pozdravem",
    "s pozdravom", "üdvözlettel", "с уважением", "з повагою", "saygılarımla",
    "敬具", "此致", "祝好",    "よろしくお願いいたします", "よろしくお願いします", "감사합니다",
)  # fmt: skip
_CONTACT: Final = re.compile(
    r"(?:\b(?:tel|telephone|phone|ph|fax|mob|mobile|cell|office|direct|handy|mobil|telefon|telefax"
    r"|tél|teléfono|móvil|cel|fon|fono|[tmpfdeo])|тел|факс|моб)[.:)/]{0,2}\s{0,3}[:.]?\s{0,3}[+(]?\d"
    r"[\d\s()/.\-]{5,}|[+(]\d{1,4}[)\s.\-/][\d\s()/.\-]{5,}|\A[\d(][\d\s()/.\-]{8,}\Z"
    r"|https?://\S|\bwww\.\S|\A\S{0,8}\s?<?[^\s@<>]{1,64}@[^\s@<>]{3,190}>?\Z|電話|电话|전화"
    r"|\b(?:GmbH|Ltd|Inc|LLC|S\.?p\.?A|B\.?V|AG)\b",
    re.IGNORECASE,
)
_DIGIT_OR_AT: Final = re.compile(r"[0-9@]")
_IN_CONTACTS: Final = (
    "://", "www.", "gmbh", "ltd", "inc", "llc", "spa", "s.p", "sp.a", "bv", "b.v", "ag",
)  # fmt: skip
"""In lower case, one of these is in each contact in ASCII without a digit and an `@`."""
_LOOKED_AT: Final = 200
_LONGEST_CLOSING: Final = 60
_LONGEST_OF_BLOCK: Final = 90
_MOST_OF_BLOCK: Final = 12
_MANY_OF_BLOCK: Final = 4
_LEAST_BARE: Final = 3
_MOST_AFTER_DELIMITER: Final = 25
_MOST_AFTER_DEVICE: Final = 4
_MOST_BELOW_NAME: Final = 3


def signature_start(lines: Sequence[Line], first: int, last: int) -> int:
    """Return the line at which the signature of `lines[first:last]` begins, `last` without one."""
    start = last
    for find in (_delimiter, _device_line, _name_block, _dash_name):
        end = _without_blank_lines(lines, first, start)
        found = find(lines, first, end)
        start = found if found < end else start
    return start


def _delimiter(lines: Sequence[Line], first: int, last: int) -> int:
    """Return where "-- " stands (RFC 3676 section 4.3), or another line that people use for it."""
    start, count = last, 0
    for at in range(last - 1, first - 1, -1):
        words = lines[at].words
        count += bool(words)
        if count > _MOST_AFTER_DELIMITER:
            break
        is_few = count <= _MOST_OF_BLOCK
        is_delimiter = words[:1] in _BEGINS_DELIMITER and _DELIMITER.match(words)
        if is_delimiter and (at > first or count > 1):
            start = at if is_few or words == "--" else start
        elif is_few and _RULE.match(words) and _contacts(lines, at, last):
            start = at
    return start


def _device_line(lines: Sequence[Line], first: int, last: int) -> int:
    """Return where "Sent from my iPhone" stands."""
    start, count = last, 0
    for at in range(last - 1, first - 1, -1):
        words = lines[at].words
        count += bool(words)
        if count > _MOST_AFTER_DEVICE:
            break
        if _is_of_device(words):
            start = at
    return start


def _is_of_device(words: str) -> bool:
    is_short = 0 < len(words) <= _LONGEST_DEVICE_LINE
    return is_short and _DEVICE.begins(words) and bool(_DEVICE_NAMES.search(words))


def _name_block(lines: Sequence[Line], first: int, last: int) -> int:
    """Return where name, company and numbers begin that stand below the closing words.

    A name alone belongs to what its owner wrote.
    """
    count = 0
    for at in range(last - 1, first - 1, -1):
        words = lines[at].words
        if len(words) > _LONGEST_OF_BLOCK or count > _MOST_OF_BLOCK:
            break
        if count and 0 < len(words) <= _LONGEST_CLOSING and _CLOSING.is_all_of(words):
            if count > _MANY_OF_BLOCK or _contacts(lines, at + 1, last):
                return next(below for below in range(at + 1, last) if lines[below].words)
            break
        count += bool(words)
    return _bare_block(lines, first, last)


def _bare_block(lines: Sequence[Line], first: int, last: int) -> int:
    """Return where a last paragraph begins that has mostly numbers and addresses."""
    begin = last
    while begin > first and lines[begin - 1].words:
        begin -= 1
        if last - begin > _MOST_OF_BLOCK or len(lines[begin].words) > _LONGEST_OF_BLOCK:
            return last
    is_last_of_several = any(line.words for line in lines[max(first, begin - 3) : begin])
    if not is_last_of_several or last - begin < _LEAST_BARE or lines[begin].words.endswith(":"):
        return last
    return begin if _contacts(lines, begin, last) > 1 else last


def _dash_name(lines: Sequence[Line], first: int, last: int) -> int:
    """Return where "- Ann" stands at the end; her addresses may follow."""
    at = last - 1
    while at > first + 1 and last - at <= _MOST_BELOW_NAME and _contacts(lines, at, at + 1):
        at -= 1
    if at <= first or not _DASH_NAME.match(lines[at].words):
        return last
    before = lines[at - 1].words
    return last if before.startswith("- ") or _DASH_NAME.match(before) else at


def _contacts(lines: Sequence[Line], first: int, last: int) -> int:
    """Return how many lines have a telephone number, an address or a company's name."""
    return sum(_is_contact(line.words[:_LOOKED_AT]) for line in lines[first:last])


def _is_contact(words: str) -> bool:
    """Say whether a line has a telephone number, an address or a company's name."""
    # Most lines have none of what the pattern asks for, and it tries each of their positions.
    is_possible = (
        not words.isascii() or _DIGIT_OR_AT.search(words) or has_any(words.lower(), _IN_CONTACTS)
    )
    return bool(is_possible) and _CONTACT.search(words) is not None


def _without_blank_lines(lines: Sequence[Line], first: int, last: int) -> int:
    while last > first and not lines[last - 1].words:
        last -= 1
    return last
