"""The texts of an arrived mail that rules test, read once for all rules and mailboxes. Pure."""

from collections.abc import Iterator
from typing import Final

from shared.contracts.screening import TextTest
from shared.domain.text_sections import Kind
from shared.mail.mime.charsets import decode
from shared.mail.mime.encoded_words import decode_value
from shared.mail.mime.headers import read_head
from shared.mail.parsed_mail import ParsedMail
from shared.screening.language import language_of
from shared.screening.text_tests import SearchedText, passes, searched_octets

_LONGEST_TEXT: Final = 200_000
"""Characters of a mail's text that are tested."""
_LONGEST_HEADER: Final = 4_000
_MOST_FIELDS: Final = 20
"""Fields of one name that are tested, from the top."""
_MOST_ADDRESSES: Final = 200
"""Addresses of one field that are tested, from the first."""
_HEADER: Final = "header."


class MailTexts:
    """A mail, its octets, and its texts by the place where they stand.

    A place is the name of a condition, such as `attachment.type`, or `header.` and a lower-case
    name. Each test is tried once in a place, however many rules and mailboxes have it: a stranger
    writes the mail and decides to how many mailboxes it goes.
    """

    def __init__(self, mail: ParsedMail, raw: bytes) -> None:
        self.mail = mail
        self.raw = raw
        self._texts: dict[str, tuple[SearchedText, ...]] = {}
        self._passed: dict[tuple[str, TextTest], bool] = {}
        self._fields: dict[str, list[bytes]] | None = None

    def has(self, test: TextTest, place: str) -> bool:
        """Say whether a text in a place passes a test. Without any text none does."""
        known = self._passed.get((place, test))
        if known is None:
            of_words = place in {"subject", "body"} or place.startswith(_HEADER)
            known = self._passes(test, place, of_words=of_words)
            self._passed[place, test] = known
        return known

    def has_in_header(self, test: TextTest, name: str) -> bool:
        """Say whether a field of a lower-case name passes a test."""
        return self.has(test, f"{_HEADER}{name}")

    def _passes(self, test: TextTest, place: str, *, of_words: bool) -> bool:
        left = searched_octets(test)
        for one in self._texts_in(place):
            if passes(test, one, of_words=of_words, at_most=left):
                return True
            if test.matches is not None:
                left = max(0, left - len(one.octets))
        return False

    def _texts_in(self, place: str) -> tuple[SearchedText, ...]:
        if place not in self._texts:
            distinct = dict.fromkeys(self._values(place))
            self._texts[place] = tuple(SearchedText(one) for one in distinct)
        return self._texts[place]

    def _values(self, place: str) -> Iterator[str]:
        mail = self.mail
        if place.startswith(_HEADER):
            yield from self._header(place.removeprefix(_HEADER))
        elif place in {"from", "to", "cc"}:
            people = {"from": mail.from_, "to": mail.to, "cc": mail.cc}[place]
            yield from (one.address for one in people[:_MOST_ADDRESSES])
        elif place == "attachment.type":
            yield from (one.media_type for one in mail.attachments)
        elif place == "subject":
            yield mail.subject
        elif place == "body":
            yield mail.text[:_LONGEST_TEXT]
        elif place == "automatic":
            yield from [mail.automatic] if mail.automatic else []
        elif place == "language":
            yield self._language()
        else:
            raise ValueError(f"a mail has no place {place!r} that rules test")

    def _header(self, name: str) -> Iterator[str]:
        """Yield the decoded values of the fields of a name, the topmost first."""
        for value in self._fields_of(name)[:_MOST_FIELDS]:
            yield decode_value(value[:_LONGEST_HEADER])

    def _language(self) -> str:
        """Return the language of the new words, such as `de`; else the one that the mail says.

        Mail programs say the language of their user, whatever the mail is written in. It is empty
        where the words are too few and the mail says none.
        """
        if found := language_of(self._new_words()):
            return found
        first = next(filter(None, self._fields_of("content-language")), b"")
        said = decode(first[:_LONGEST_HEADER])
        return said.partition(",")[0].partition("-")[0].strip().lower()

    def _new_words(self) -> str:
        mail = self.mail
        new = (mail.text[one.start : one.end] for one in mail.sections if one.kind is Kind.NEW)
        return "".join(new) or mail.text

    def _fields_of(self, name: str) -> list[bytes]:
        if self._fields is None:
            self._fields = {}
            for key, value in read_head(self.raw).fields:
                self._fields.setdefault(key, []).append(value)
        return self._fields.get(name, [])
