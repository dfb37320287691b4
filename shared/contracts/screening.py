"""The screening rules in `contact-center.yaml`: what a mail has to be like, and what follows."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    model_validator,
)

from shared.contracts.description.field_types import Skills
from shared.contracts.description.sections import Name, Section
from shared.domain.queue_rank import MOST_PRIORITY
from shared.domain.user_data import LARGEST, MOST_KEYS

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}")
_USER_DATA_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_LONGEST_PATTERN: Final = 255
_LONGEST_VALUE: Final = 1000
_MOST_VALUES: Final = 20
_DEEPEST: Final = 5
_MOST_TESTS: Final = 50
_MOST_TESTS_IN_ALL: Final = 1_000
"""Tests in all rules: a stranger's long mail has to go through each of them."""
_MOST_KEYS_IN_ALL: Final = MOST_KEYS // 2
_LARGEST_IN_ALL: Final = LARGEST // 2
"""Bytes of user data that all rules attach together. Agents have the other half for theirs."""
_MOST_SKILLS: Final = 10
_MOST_RULES: Final = 200
"""Rules in one description: each of them is tried on each mail."""


def _header_name(value: str) -> str:
    if not _HEADER_NAME.fullmatch(value):
        raise ValueError("a header's name has letters, digits and hyphens, such as X-Spam-Flag")
    return value.lower()


def _user_data_key(value: str) -> str:
    # A leading underscore marks what the system says itself.
    if not _USER_DATA_KEY.fullmatch(value):
        raise ValueError(
            "a key has 1 to 64 letters, digits, hyphens and underscores, and begins with a letter"
        )
    return value


def _any_reason(value: object) -> object:
    if value is False:
        raise ValueError("write `not: {automatic: true}` for mail that people write")
    return {"glob": "*"} if value is True else value


def _absent(value: object) -> bool:
    return value is None


Pattern = Annotated[str, Field(min_length=1, max_length=_LONGEST_PATTERN)]
OptionalPattern = Annotated[Pattern | None, Field(exclude_if=_absent)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
UserDataKey = Annotated[str, AfterValidator(_user_data_key)]


class TextTest(Section):
    """A test of a text, without regard to case. A bare text in the file is its `word`.

    `word` is a whole word of a subject, body or header, and the whole of any other value.
    `contains` is any part of it. `glob` is the whole value, where `*` stands for any characters and
    `?` for one. `matches` is a regular expression in RE2's syntax that is found anywhere.
    """

    word: OptionalPattern = None
    contains: OptionalPattern = None
    glob: OptionalPattern = None
    matches: OptionalPattern = None

    @model_validator(mode="before")
    @classmethod
    def _of_bare_text(cls, value: object) -> object:
        return {"word": value} if isinstance(value, (str, bool, int, float)) else value

    @model_validator(mode="after")
    def _is_one(self) -> "TextTest":
        given = (self.word, self.contains, self.glob, self.matches)
        if sum(one is not None for one in given) != 1:
            raise ValueError(
                "a test is a text, or one of `contains`, `glob` and `matches` with a text"
            )
        return self


class SizeTest(Section):
    """A test of a mail's size in octets: more than `over`, less than `under`, or both."""

    over: Annotated[ByteSize | None, Field(exclude_if=_absent)] = None
    under: Annotated[ByteSize | None, Field(exclude_if=_absent)] = None

    @model_validator(mode="after")
    def _is_given(self) -> "SizeTest":
        if self.over is None and self.under is None:
            raise ValueError("a size is tested by `over`, `under` or both, such as `over: 10 MB`")
        return self


OptionalTest = Annotated[TextTest | None, Field(exclude_if=_absent)]
OptionalFlag = Annotated[bool | None, Field(strict=True, exclude_if=_absent)]


class Condition(Section):
    """A condition on a mail; where it names several things, each of them has to be so.

    `from`, `to` and `cc` test addresses, and one that passes is enough. `language`, such as `de`,
    is that of the new words, or where they are too few that of Content-Language. `automatic` tests
    the reason why a mail counts as written by a machine; `true` is any reason. `contact.known` is
    whether the author of From has written before, `contact.group` a group of that contact: both are
    only as true as From is. `authenticated` is whether a server of `trusted_authentication` has
    proven the sender, or `unknown`. `hours` names opening hours in which the mail came.
    """

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    all: Annotated[tuple["Condition", ...] | None, Field(min_length=1, exclude_if=_absent)] = None
    any: Annotated[tuple["Condition", ...] | None, Field(min_length=1, exclude_if=_absent)] = None
    not_: Annotated["Condition | None", Field(alias="not", exclude_if=_absent)] = None
    from_: Annotated[TextTest | None, Field(alias="from", exclude_if=_absent)] = None
    to: OptionalTest = None
    cc: OptionalTest = None
    subject: OptionalTest = None
    body: OptionalTest = None
    header: Annotated[
        dict[HeaderName, TextTest] | None,
        Field(min_length=1, max_length=_MOST_VALUES, exclude_if=_absent),
    ] = None
    mailbox: OptionalTest = None
    size: Annotated[SizeTest | None, Field(exclude_if=_absent)] = None
    language: OptionalTest = None
    automatic: Annotated[
        TextTest | None, BeforeValidator(_any_reason), Field(exclude_if=_absent)
    ] = None
    has_attachment: OptionalFlag = None
    attachment_type: Annotated[
        TextTest | None, Field(alias="attachment.type", exclude_if=_absent)
    ] = None
    contact_known: Annotated[
        bool | None, Field(alias="contact.known", strict=True, exclude_if=_absent)
    ] = None
    contact_group: Annotated[TextTest | None, Field(alias="contact.group", exclude_if=_absent)] = (
        None
    )
    authenticated: Annotated[Literal[True, False, "unknown"] | None, Field(exclude_if=_absent)] = (
        None
    )
    hours: Annotated[Name | None, Field(exclude_if=_absent)] = None

    @model_validator(mode="after")
    def _says_something(self) -> "Condition":
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("a condition is missing, such as `subject: {contains: unsubscribe}`")
        return self

    @property
    def nested(self) -> "tuple[Condition, ...]":
        """The conditions directly inside it."""
        inverted = (self.not_,) if self.not_ else ()
        return (*(self.all or ()), *(self.any or ()), *inverted)

    def depth(self) -> int:
        """Return how deep conditions are nested in it, itself included."""
        return 1 + max((one.depth() for one in self.nested), default=0)

    def tests(self) -> Iterator[TextTest | SizeTest | bool | str]:
        """Yield each single test in it, at any depth."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None or name in {"all", "any", "not_"}:
                continue
            yield from value.values() if isinstance(value, Mapping) else [value]
        for one in self.nested:
            yield from one.tests()


class Actions(Section):
    """The actions that follow where the condition holds.

    `discard` completes the mail at once, with this reason: it is kept and offered to nobody.
    `queue` is another queue than the mailbox's. A mail goes before those that came up to half an
    hour earlier for each point of `priority`, and waits for an agent who has the skills in `needs`
    at these levels, besides those that its queue requires. `user_data` is attached. `template` is
    the text of the acknowledgement; `acknowledge: false` keeps it back.
    """

    discard: Annotated[
        str | None,
        Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$", exclude_if=_absent),
    ] = None
    queue: Annotated[Name | None, Field(exclude_if=_absent)] = None
    user_data: Annotated[
        dict[UserDataKey, Annotated[str, Field(max_length=_LONGEST_VALUE)]],
        Field(max_length=_MOST_VALUES, exclude_if=lambda value: not value),
    ] = Field(default_factory=dict)
    priority: Annotated[
        int | None,
        Field(strict=True, ge=-MOST_PRIORITY, le=MOST_PRIORITY, exclude_if=_absent),
    ] = None
    needs: Annotated[Skills, Field(max_length=_MOST_SKILLS, exclude_if=lambda value: not value)] = (
        Field(default_factory=dict)
    )
    template: Annotated[Name | None, Field(exclude_if=_absent)] = None
    acknowledge: OptionalFlag = None

    @model_validator(mode="after")
    def _is_possible(self) -> "Actions":
        if self.discard and self.queue:
            raise ValueError("a discarded mail waits in no queue: leave out `queue` or `discard`")
        if self.discard and (self.acknowledge or self.template):
            raise ValueError(
                "a discarded mail is not acknowledged: leave out `acknowledge` and `template`"
            )
        if self.discard and (self.priority is not None or self.needs):
            raise ValueError(
                "a discarded mail is offered to nobody: leave out `priority` and `needs`"
            )
        if self.template and self.acknowledge is False:
            raise ValueError("a mail that is not acknowledged needs no text: leave out `template`")
        if not self.model_dump():
            raise ValueError("an action is missing, such as `queue: low`")
        return self


class ScreeningRule(Section):
    """One rule: `then` follows for each arrived mail for which `when` holds."""

    name: Name
    when: Condition
    then: Actions

    @model_validator(mode="after")
    def _is_bounded(self) -> "ScreeningRule":
        if self.when.depth() > _DEEPEST:
            raise ValueError(f"`when` is nested deeper than {_DEEPEST} levels")
        if sum(1 for _ in self.when.tests()) > _MOST_TESTS:
            raise ValueError(f"`when` has more than {_MOST_TESTS} tests")
        return self

    def patterns(self) -> Iterator[str]:
        """Yield the regular expressions of its tests."""
        for test in self.when.tests():
            if isinstance(test, TextTest) and test.matches is not None:
                yield test.matches


def _bounded(rules: tuple[ScreeningRule, ...]) -> tuple[ScreeningRule, ...]:
    """Check what all rules come to together: each of them may meet the same mail."""
    tests = sum(1 for rule in rules for _ in rule.when.tests())
    if tests > _MOST_TESTS_IN_ALL:
        raise ValueError(
            f"all rules together have {tests} tests, at most are {_MOST_TESTS_IN_ALL}: "
            "leave some out, or put alternatives into one `matches`, such as `spam|scam`"
        )
    # Of several rules that name a key, one counts.
    sizes: dict[str, int] = {}
    for rule in rules:
        for key, value in rule.then.user_data.items():
            written = len(json.dumps({key: value}, ensure_ascii=False).encode(errors="replace"))
            sizes[key] = max(sizes.get(key, 0), written)
    if len(sizes) > _MOST_KEYS_IN_ALL:
        raise ValueError(
            f"all rules together attach up to {len(sizes)} keys to one mail, at most are "
            f"{_MOST_KEYS_IN_ALL}: leave some out of `user_data`, or use a key in several rules"
        )
    if (size := sum(sizes.values())) > _LARGEST_IN_ALL:
        raise ValueError(
            f"all rules together attach up to {size} bytes to one mail, at most are "
            f"{_LARGEST_IN_ALL}: shorten the values in `user_data`, or leave some out"
        )
    return rules


ScreeningRules = Annotated[
    tuple[ScreeningRule, ...], Field(max_length=_MOST_RULES), AfterValidator(_bounded)
]
"""All rules of a description, in their order."""
