"""Reads the recipients in a bounce that is written for people, and what was said about each.

Servers write the same few things in many layouts. A line names a recipient if it has one of the
shapes below; an address elsewhere counts only if the returned mail was sent to it.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from shared.mail.mime.encoded_words import one_line
from shared.mail.parsing.bounces.reasons import explains
from shared.mail.parsing.bounces.returned_mails import Notice
from shared.mail.parsing.bounces.status_codes import code_in, reply_in

_NOT_LOCAL: Final = (
    r"\s<>()\[\]{},;:\"@\\|*'`!&\uff1a\u3001\u3002\uff0c\uff1b\u300c\u300d\uff08\uff09"
)
_LOCAL: Final = rf"(?:\"[^\"\n]{{1,64}}\"|[^{_NOT_LOCAL}]{{1,64}}+)"
_HOST: Final = r"[^\W_](?:[^\W_]|[-._]){0,250}"
_ADDRESS: Final = rf"{_LOCAL}@{_HOST}"
_ANY: Final = re.compile(rf"(?<![\w@=/.]){_ADDRESS}(?![@\w])")
_OPEN: Final = r"(?:<?(?:mailto:|smtp:|rfc822;[ ]?)?|[\"'\[(]{1,2})"
_CLOSE: Final = r"[>\"'\])]{0,2}"

_LINE_SHAPES: Final = tuple(
    re.compile(f"^{shape}", re.IGNORECASE)
    for shape in (
        # <a@x>: reason · <a@x>... reason · <a@x> alone
        rf"[ \t>*-]{{0,10}}<(?:mailto:)?({_ADDRESS})>",
        # a@x alone, with a remark in brackets
        rf"[ \t>*•·-]{{0,20}}{_OPEN}({_ADDRESS}){_CLOSE}[:.,;]?[ \t]*(?:\(.{{0,200}}\)?)?$",
        # a@x: reason · a@x... reason · a@x - reason · a@x; reason
        rf"[ \t>*•-]{{0,20}}({_ADDRESS})(?:\.{{3}}|[:;,]| -| =>| \.\.\.|\t)[ \t]*\S",
        # a@x on Monday, 1 May · a@x am 01.05. · a@x (reason) · a@x invalid address
        (
            rf"[ \t>*]{{0,20}}({_ADDRESS}) (?:on|am|le|el|il|op|den|em|w dniu|\(|\[|has|was|is"
            r"|does|could|failed|unknown|user|not|invalid|:)"
        ),
        # 550 5.1.1 <a@x>... User unknown · 550 a@x …
        (
            r"[ \t><*]{0,10}[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?\W{0,3}"
            rf"{_OPEN}({_ADDRESS})"
        ),
        # >>> RCPT TO:<a@x>
        rf".{{0,60}}rcpt to:[ \t]*<?({_ADDRESS})",
        # Recipient: a@x · Failed recipient: <a@x> · Empfänger: a@x · User: a@x · RCPT: a@x
        (
            r".{0,40}?(?:\b(?:recipients?|recipient'?s? address|addressees?|rcpt"
            r"|(?:final|original|failed|bad|rejected|intended)[ -]?recipient\w*|destination\w*"
            r"|undelivered to|not delivered to|(?:failed|invalid|unknown|bad) (?:e-?mail )?"
            r"address(?:es)?|e-?mail address|(?:un)?known user|user(?:name)?|mailbox|nosuchuser"
            r"|err\.\w{1,30}|empfänger(?:adresse)?|destinataires?|destinatari[oa]s?|odbiorca"
            r"|adresat|ontvanger|geadresseerde|mottagare|получател\w+)|宛先|収件人|收件人|收件者)"
            r"(?:\(s\)|\(e\)|\(en\))?(?: name| address)?"
            rf"[ \t]*[:=\uff1a][ \t]*{_OPEN}({_ADDRESS})"
        ),
    )
)
_SENTENCES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        (
            r"\b(?:message|mail|e-?mail|delivery|delivered|deliver|sent|send(?:ing)?|letter"
            r"|transmission|nachricht|zustellung|correo|mensaje|mensagem|messaggio|courriel"
            r"|livraison|bericht|wiadomość)[^\n@]{0,60}?"
            r"\b(?:to|for|an|à|a|para|per|voor|aan|till|til|do)[ \t:]{1,3}"
            rf"{_OPEN}({_ADDRESS})"
        ),
        (
            r"\b(?:users?|recipients?|mailbox|address|account|addressee|alias|empfänger|adresse"
            r"|destinataire|destinatario|usuario|usu[aá]rio|utente|name)[ \t]{1,3}"
            rf"{_OPEN}({_ADDRESS})"
        ),
        (
            r"\b(?:attempts?|errors?|failed|undeliverable|rejected|failure|exceeds|size|full)"
            rf"[^\n@]{{0,40}}:[ \t]*{_OPEN}({_ADDRESS})"
        ),
        (
            rf"({_ADDRESS}){_CLOSE}[^\n@]{{0,40}}\b(?:unknown|not found|couldn|could not|failed"
            r"|wasn|does not|doesn|rejected|is not|not exist|undeliver|konnte|kunde|nicht"
            r"|n'a pas|no se|não|non )"
        ),
    )
)
_NOT_THE_RECIPIENT: Final = re.compile(
    r"mail from:|return-?path|(?<!expanded )(?<!generated )\bfrom[: ][ \t]*<?[^\s@]{0,64}@"
    r"|\bsender\b|reply-?to|message-?id"
    r"|(?:assistance|questions?|help|support|problems?|information|details|administrator|contact"
    r"|report|complain)\b[^\n]{0,80}@|(?:contact|write|mail|send|forward)[^\n]{0,20}"
    r"(?:postmaster|abuse|admin|support)|\babsender|expéditeur|remitente|mittente",
    re.IGNORECASE,
)
_OFFICIAL: Final = re.compile(
    r"(?:postmaster|mailer-daemon|mail-daemon|abuse|hostmaster|root|noc|support|help(?:desk)?)@",
    re.IGNORECASE,
)
_FORMER: Final = re.compile(
    rf"\((?:generated from|expanded from:?|original address:?|from|via alias|ultimately generated"
    rf" from)[ \t]*<?({_ADDRESS})",
    re.IGNORECASE,
)
_SAID_BY: Final = re.compile(
    r"(?:host|server|by|talking to|mta)[ \t:]+"
    r"([A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,10}[A-Za-z]{2,24})\b"
)
_LONGEST_LINE: Final = 1_000
_MOST_LINES: Final = 3_000
_MOST_MENTIONS: Final = 4
_MOST_PARAGRAPHS: Final = 200
_LINES_AFTER: Final = 12
_LONGEST_DIAGNOSTIC: Final = 1_500


@dataclass(frozen=True, slots=True)
class NamedRecipient:
    """A recipient in words: its address, what is said about it, and whether it is a guess."""

    address: str
    original: str
    diagnostic: str
    remote_server: str
    is_guess: bool = False


class NoticeReader:
    """Finds the recipients in one notice.

    `own` are the addresses of the notice itself, lower-case: nobody's bounce is about its sender
    or its addressee, unless the mail went to that address.
    """

    def __init__(self, notice: Notice, own: Iterable[str]) -> None:
        self._lines = [one[:_LONGEST_LINE] for one in notice.text.split("\n", _MOST_LINES)]
        self._sent_to = {one.lower(): one for one in notice.sent_to}
        self._others = (frozenset(own) | notice.sent_from) - frozenset(self._sent_to)

    def recipients(self, most: int) -> list[NamedRecipient]:
        """Return at most `most` recipients, those on lines of a known shape if there are any."""
        found = self._on_lines(_LINE_SHAPES) or self._on_lines(_SENTENCES)
        if not found:
            found = {one: self._sent_to[one] for one in self._places if one in self._sent_to}
        wanted = dict(islice(found.items(), most))
        return [self._named(one, wanted[one], wanted) for one in wanted]

    def guesses(self, most: int) -> list[NamedRecipient]:
        """Return the recipients of the returned mail, as the notice names none."""
        several = islice(self._sent_to.values(), most)
        said = (self.reason, _server_in(self.reason))
        return [NamedRecipient(one, "", *said, is_guess=True) for one in several]

    def said_about(self, address: str) -> str:
        """Return the lines about an address, "" if the notice does not name it."""
        lowered = address.lower()
        if lowered not in self._places:
            return ""
        return self._named(lowered, address, self._places).diagnostic

    @cached_property
    def reason(self) -> str:
        """The paragraphs of the notice that give a reason, as one line."""
        paragraphs: list[list[str]] = [[]]
        for line in self._lines:
            if line.strip():
                paragraphs[-1].append(line)
            else:
                paragraphs.append([])
        texts = (one_line(" ".join(one)) for one in paragraphs[:_MOST_PARAGRAPHS] if one)
        return " ".join(one for one in texts if _tells(one))[:_LONGEST_DIAGNOSTIC]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """The lines that name an address, by the address in lower case."""
        places: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines):
            for found in _ANY.finditer(line) if "@" in line else ():
                address = _trimmed(found[0])
                if self._may_be_recipient(address):
                    places.setdefault(address.lower(), []).append(number)
        return places

    def _on_lines(self, shapes: Sequence[re.Pattern[str]]) -> dict[str, str]:
        """Return the addresses on lines of these shapes, by their form in lower case."""
        addresses: dict[str, str] = {}
        for line in self._lines:
            if "@" not in line or _NOT_THE_RECIPIENT.search(line):
                continue
            found = next(filter(None, (shape.search(line) for shape in shapes)), None)
            if found and self._may_be_recipient(address := _trimmed(found[1])):
                addresses.setdefault(address.lower(), address)
        return addresses

    def _named(self, lowered: str, address: str, named: Container[str]) -> NamedRecipient:
        """Return an address with what is said where it stands, or else at the end."""
        said: list[str] = []
        for place in self._places.get(lowered, [])[:_MOST_MENTIONS]:
            said.append(self._from(place, lowered, named))
            if code_in(said[-1], "45"):
                break
        reasons = [one for one in said if _tells(one)]
        words = one_line(" ".join(dict.fromkeys(reasons or [*said, self.reason])))
        former = _FORMER.search(words)
        return NamedRecipient(
            address, former[1] if former else "", words[:_LONGEST_DIAGNOSTIC], _server_in(words)
        )

    def _from(self, line: int, lowered: str, named: Container[str]) -> str:
        """Return a line and those after it, up to another recipient or the end of a paragraph."""
        block = [self._lines[line]]
        for text in self._lines[line + 1 : line + _LINES_AFTER]:
            if not text.strip() and _tells(" ".join(block)):
                break
            if self._names_another(text, lowered, named):
                break
            block.append(text)
        return one_line(" ".join(block))

    def _names_another(self, line: str, lowered: str, named: Container[str]) -> bool:
        several = (_trimmed(one[0]).lower() for one in _ANY.finditer(line) if "@" in line)
        return any(one != lowered and one in named for one in several)

    def _may_be_recipient(self, address: str) -> bool:
        lowered = address.lower()
        if lowered in self._sent_to:
            return True
        return lowered not in self._others and not _OFFICIAL.match(lowered)


def _trimmed(address: str) -> str:
    return address.rstrip(".-_")


def _tells(words: str) -> bool:
    return bool(code_in(words, "45") or reply_in(words) or explains(words))


def _server_in(words: str) -> str:
    found = _SAID_BY.search(words[:_LONGEST_LINE])
    return found[1] if found else ""
