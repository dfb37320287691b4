"""Checks across the sections of `contact-center.yaml`: references and duplicates. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

_NAMED: Final = (
    ("agents", "user_name"),
    ("queues", "name"),
    ("workbins", "name"),
    ("agent_states", "name"),
    ("oauth", "name"),
    ("tokens", "name"),
    ("screening", "name"),
    ("hours", "name"),
    ("templates", "name"),
)

_WITHOUT_USE: Final = (
    "no mailbox with this rule acknowledges mail: give one `acknowledgement`, or leave out "
    "`template`"
)
_DEEPEST_PATH: Final = 20
"""More than any condition that is accepted has."""

Path = tuple[str | int, ...]
"""The place of a value: keys, and indexes of lists from 0."""


def inconsistencies(content: object) -> Iterator[tuple[Path, str]]:
    """Yield broken references and duplicates, each with its place.

    `content` need not be valid: values of a wrong type are skipped, as the models report them.
    """
    for kind, section, used in _references(content):
        known = {name for _, name in _texts(content, section, "name")}
        for path, name in used:
            if name not in known:
                yield path, f"there is no {kind} {name!r} under `{section}`"
    received = {
        address.lower()
        for field in ("address", "aliases")
        for _, address in _texts(content, "mailboxes", field)
    }
    for path, address in _texts(content, "mailboxes", "bounces_to"):
        if address.lower() not in received:
            yield path, f"{address} is no mailbox here: reports that go there would not be read"
    for section, field in _NAMED:
        yield from _repeated(_texts(content, section, field))
    yield from _repeated(
        (path, address.lower())
        for path, address in (
            *_texts(content, "mailboxes", "address"),
            *_texts(content, "mailboxes", "aliases"),
        )
    )
    yield from _repeated(
        (path, address.lower()) for path, address in _texts(content, "senders", "address")
    )
    yield from _fetched_twice(content)
    yield from _templates_without_use(content)


def _references(content: object) -> tuple[tuple[str, str, Iterable[tuple[Path, str]]], ...]:
    """Return each kind of name, the section that has those names, and the places that use them."""
    return (
        (
            "queue",
            "queues",
            (
                *_texts(content, "agents", "queues"),
                *_texts(content, "mailboxes", "queue"),
                *_of_rules(content, "then", "queue"),
            ),
        ),
        (
            "template",
            "templates",
            (
                *_of_mailboxes(content, "acknowledgement", "template"),
                *_of_mailboxes(content, "acknowledgement", "closed"),
                *_of_rules(content, "then", "template"),
            ),
        ),
        (
            "entry",
            "hours",
            (
                *_of_mailboxes(content, "acknowledgement", "hours"),
                *_hours_of_rules(content),
            ),
        ),
        ("token", "tokens", _drop_tokens(content)),
        ("rule", "screening", _texts(content, "mailboxes", "screening")),
        (
            "login",
            "oauth",
            (
                *_text_at(content, "smtp_route", "login", "oauth"),
                *_of_mailboxes(content, "fetch", "login", "oauth"),
            ),
        ),
    )


def names_differing_in_case(content: object) -> Iterator[tuple[Path, str]]:
    """Yield names that differ from an earlier one only in case, with their places.

    People read them as one name, so `mailroom apply` refuses them. Services accept them, because
    earlier releases allowed them.
    """
    for section, field in _NAMED:
        first: dict[str, str] = {}
        for path, name in _texts(content, section, field):
            known = first.setdefault(name.casefold(), name)
            if known != name:
                yield path, f"{name} and {known} differ in case only, and are one name"


def _repeated(texts: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    seen = set()
    for path, text in texts:
        if text in seen:
            yield path, f"{text} is there already"
        seen.add(text)


def _texts(content: object, section: str, field: str) -> Iterator[tuple[Path, str]]:
    """Yield the texts of a field in all entries of a section, with their places."""
    entries = content.get(section) if isinstance(content, Mapping) else None
    for index, entry in enumerate(_sequence(entries)):
        value = entry.get(field) if isinstance(entry, Mapping) else None
        if isinstance(value, str):
            yield (section, index, field), value
        for place, one in enumerate(_sequence(value)):
            if isinstance(one, str):
                yield (section, index, field, place), one


def _fetched_twice(content: object) -> Iterator[tuple[Path, str]]:
    """Yield mailboxes that read what another one reads: each mail would be there twice."""
    servers = {
        path[1]: host.lower() for path, host in _of_mailboxes(content, "fetch", "imap", "host")
    }
    seen: dict[tuple[str, str], str | int] = {}
    for path, user_name in _of_mailboxes(content, "fetch", "imap", "user_name"):
        first = seen.setdefault((servers.get(path[1], ""), user_name), path[1])
        if first != path[1]:
            yield path, f"{user_name} is fetched by mailboxes.{first} already"


def _templates_without_use(content: object) -> Iterator[tuple[Path, str]]:
    """Yield templates of rules that no mailbox with an acknowledgement is screened by."""
    mailboxes = content.get("mailboxes") if isinstance(content, Mapping) else None
    used: set[str] = set()
    for mailbox in _sequence(mailboxes):
        if not isinstance(mailbox, Mapping) or not mailbox.get("acknowledgement"):
            continue
        rules = mailbox.get("screening")
        if rules is None:
            return
        used |= {one for one in _sequence(rules) if isinstance(one, str)}
    names = {path[1]: name for path, name in _texts(content, "screening", "name")}
    for path, _ in _of_rules(content, "then", "template"):
        if names.get(path[1]) not in used:
            yield path, _WITHOUT_USE


def _of_mailboxes(content: object, *fields: str) -> Iterator[tuple[Path, str]]:
    mailboxes = content.get("mailboxes") if isinstance(content, Mapping) else None
    for index, mailbox in enumerate(_sequence(mailboxes)):
        for path, text in _text_at(mailbox, *fields):
            yield ("mailboxes", index, *path), text


def _drop_tokens(content: object) -> Iterator[tuple[Path, str]]:
    mailboxes = content.get("mailboxes") if isinstance(content, Mapping) else None
    for index, mailbox in enumerate(_sequence(mailboxes)):
        drop = mailbox.get("drop") if isinstance(mailbox, Mapping) else None
        names = drop.get("tokens") if isinstance(drop, Mapping) else None
        for place, name in enumerate(_sequence(names)):
            if isinstance(name, str):
                yield ("mailboxes", index, "drop", "tokens", place), name


def _of_rules(content: object, *fields: str) -> Iterator[tuple[Path, str]]:
    rules = content.get("screening") if isinstance(content, Mapping) else None
    for index, rule in enumerate(_sequence(rules)):
        for path, name in _text_at(rule, *fields):
            yield ("screening", index, *path), name


def _hours_of_rules(content: object) -> Iterator[tuple[Path, str]]:
    rules = content.get("screening") if isinstance(content, Mapping) else None
    for index, rule in enumerate(_sequence(rules)):
        when = rule.get("when") if isinstance(rule, Mapping) else None
        yield from _hours_in(when, ("screening", index, "when"))


def _hours_in(condition: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the opening hours that a condition names, at any depth."""
    if not isinstance(condition, Mapping) or len(path) > _DEEPEST_PATH:
        return
    yield from ((path + inner, name) for inner, name in _text_at(condition, "hours"))
    yield from _hours_in(condition.get("not"), (*path, "not"))
    for joined in ("all", "any"):
        for index, one in enumerate(_sequence(condition.get(joined))):
            yield from _hours_in(one, (*path, joined, index))


def _text_at(content: object, *path: str) -> Iterator[tuple[Path, str]]:
    for key in path:
        content = content.get(key) if isinstance(content, Mapping) else None
    if isinstance(content, str):
        yield path, content


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()
