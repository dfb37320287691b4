"""Finds enhanced status codes (RFC 3463) and SMTP replies in a server's words. Pure."""

import re
from typing import Final

from shared.mail.parsing.bounces.reasons import meant_status

_CODE: Final = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_SHORT: Final = re.compile(r"\s*([245])(?:\.(\d{1,3}))?(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.:/\w-])[245]\d\d(?=[\s:;,-]|\Z)")
_GENERIC: Final = re.compile(r"\d\.0\.0")
_OF_A_PROGRAM: Final = re.compile(
    r"(?:version|exim|postfix|sendmail|release|qmail|v)[ /-]?\Z", re.IGNORECASE
)
_BEFORE: Final = 10
_MOST: Final = 20

_BY_REPLY: Final = {
    "452": "4.5.3",
    "521": "5.3.2",
    "535": "5.7.8",
    "551": "5.1.6",
    "552": "5.2.2",
    "556": "5.1.10",
}


def is_generic(status: str) -> bool:
    """Say whether a status tells the class only, such as 5.0.0."""
    return _GENERIC.fullmatch(status) is not None


def code_in(words: str, classes: str = "245") -> str:
    """Return the first precise status code in words, else the first generic one, or ""."""
    found = [
        one[0]
        for one, _ in zip(_CODE.finditer(words), range(_MOST), strict=False)
        if one[0][0] in classes
        and not _OF_A_PROGRAM.search(words[max(0, one.start() - _BEFORE) : one.start()])
    ]
    precise = (one for one in found if not is_generic(one))
    return next(precise, found[0] if found else "")


def reply_in(words: str) -> str:
    """Return the first SMTP reply of a refusal in words, or ""."""
    found = (one[0] for one in _REPLY.finditer(words[:2_000]) if one[0][0] != "2")
    return next(found, "")


def stated_code(said: str) -> str:
    """Return the code of a Status field, also of one that lacks its last numbers, or ""."""
    if found := _CODE.search(said):
        return found[0]
    short = _SHORT.match(said)
    return f"{short[1]}.{short[2] or 0}.0" if short else ""


def status_of(said: str, diagnostic: str, notice: str = "", action: str = "failed") -> str:
    """Return the status of a recipient: the stated one, else the most precise in the words.

    `said` is the Status field, `diagnostic` the answer of the server, `notice` the words for
    people. Without any number the words are translated, and then the action.
    """
    stated = stated_code(said)
    if stated and not is_generic(stated):
        return stated
    classes = stated[:1] or ("24" if action in _GOOD_OR_LATE else "45")
    for words in (diagnostic, notice):
        code = code_in(words, classes)
        if code and not is_generic(code):
            return code
    if stated:
        return stated
    return code_in(diagnostic + "\n" + notice, classes) or _translated(diagnostic, notice, action)


_GOOD_OR_LATE: Final = {"delayed": "4.0.0", "delivered": "2.0.0", "relayed": "2.0.0"}
_GOOD_OR_LATE["expanded"] = "2.0.0"


def _translated(diagnostic: str, notice: str, action: str) -> str:
    if action in _GOOD_OR_LATE:
        return _GOOD_OR_LATE[action]
    words = f"{diagnostic}\n{notice}"
    reply = reply_in(diagnostic) or reply_in(notice)
    meant = meant_status(words)
    if not reply or (meant[0] == reply[0] and not is_generic(meant)):
        return meant
    return _BY_REPLY.get(reply, f"{reply[0]}.0.0")
