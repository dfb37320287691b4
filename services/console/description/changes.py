"""Describes in words how a description differs from the one in force. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from shared.contracts.contact_center import ContactCenter
from shared.contracts.description.files import AttachmentRules

Entry = Mapping[str, Any]
Entries = Mapping[str, Entry]

_SECTIONS: Final = (
    ("queues", "queue", "name"),
    ("workbins", "workbin", "name"),
    ("agent_states", "agent state", "name"),
    ("mailboxes", "mailbox", "address"),
    ("senders", "sender", "address"),
    ("oauth", "OAuth login", "name"),
    ("tokens", "token", "name"),
    ("screening", "screening rule", "name"),
    ("hours", "opening hours", "name"),
    ("templates", "template", "name"),
)
_LABELS: Final = {"password_hash": "password", "requires": "required skills"}
_DEFAULT_RULES: Final = AttachmentRules().model_dump(mode="json")


def settings_changes(before: ContactCenter | None, after: ContactCenter) -> list[str]:
    """Return one line for each change outside of agents."""
    was = before.model_dump(mode="json") if before else {}
    wanted = after.model_dump(mode="json")
    return [
        *_name_changes(was.get("name"), after.name),
        *chain.from_iterable(
            _entry_changes(
                kind, _keyed(was.get(section, ()), key), _keyed(wanted.get(section, ()), key)
            )
            for section, kind, key in _SECTIONS
        ),
        *_section_changes("SMTP route", was.get("smtp_route"), wanted["smtp_route"]),
        *_section_changes(
            "attachments", was.get("attachments", _DEFAULT_RULES), wanted["attachments"]
        ),
        *_scanner_changes(was.get("virus_scanner"), wanted.get("virus_scanner")),
        *_flood_changes(was.get("flood"), wanted.get("flood")),
        *_retention_changes(was.get("retention"), wanted.get("retention")),
        *_trust_changes(
            was.get("trusted_authentication", ()), wanted.get("trusted_authentication", ())
        ),
    ]


def agent_changes(stored: Entries, after: ContactCenter) -> list[str]:
    """Return one line for each changed agent; `stored` has the agents by user name.

    Agents who are not described any more are disabled.
    """
    wanted = {agent.user_name: agent.model_dump(mode="json") for agent in after.agents}
    kept = {name: agent for name, agent in stored.items() if name in wanted}
    gone = [name for name, agent in stored.items() if name not in wanted and agent["enabled"]]
    return [
        *_entry_changes("agent", kept, wanted),
        *(f"agent {name}: disabled, no longer described" for name in gone),
    ]


def _name_changes(before: str | None, after: str) -> Iterator[str]:
    if before is None:
        yield f"contact center {after}: set up"
    elif before != after:
        yield f"contact center {before}: is called {after} now"


def _scanner_changes(before: Entry | None, after: Entry | None) -> Iterator[str]:
    if before != after:
        where = f"clamd at {after['host']}:{after['port']}" if after else "none, nothing is scanned"
        yield f"virus scanner: {where}"


def _flood_changes(before: Entry | None, after: Entry | None) -> Iterator[str]:
    if before != after:
        given = dict(after or {})
        then = f", then {given.pop('then')}" if "then" in given else ""
        bounds = ", ".join(f"{name} {most}" for name, most in given.items())
        yield f"flood: {f'mails an hour: {bounds}{then}' if bounds else 'no bounds'}"


def _retention_changes(before: Entry | None, after: Entry | None) -> Iterator[str]:
    if before != after:
        kept = (after or {}).get("discarded")
        yield f"discarded mail is kept {f'for {kept}' if kept else 'for ever'}"


def _trust_changes(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    if list(before) != list(after):
        yield f"servers trusted to judge senders: {', '.join(after) or 'none'}"


def _section_changes(kind: str, before: Entry | None, after: Entry) -> Iterator[str]:
    if before is None:
        yield f"{kind}: added"
    elif before != after:
        yield f"{kind}: {_changed(before, after)}"


def _entry_changes(kind: str, before: Entries, after: Entries) -> Iterator[str]:
    for key, entry in after.items():
        if key not in before:
            yield f"{kind} {key}: added"
        elif before[key] != entry:
            yield f"{kind} {key}: {_changed(before[key], entry)}"
    for key in before:
        if key not in after:
            yield f"{kind} {key}: removed"


def _changed(before: Entry, after: Entry) -> str:
    """Return the names of the fields that differ; `enabled` is shown as "enabled" or "disabled"."""
    names = [name for name in {**after, **before} if before.get(name) != after.get(name)]
    words = [_LABELS.get(name, name.replace("_", " ")) for name in names if name != "enabled"]
    phrases = [f"{_enumerated(words)} changed"] if words else []
    if "enabled" in names:
        phrases.append("enabled" if after["enabled"] else "disabled")
    return ", ".join(phrases)


def _enumerated(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _keyed(entries: Any, key: str) -> dict[str, Entry]:
    return {entry[key]: entry for entry in entries}
