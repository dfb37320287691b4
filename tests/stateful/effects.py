"""The effects that an accepted order must have. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.stateful.system_snapshot import SystemSnapshot
from tests.stateful.view import Message

_WAITING: Final = frozenset({"Queued", "Invited"})
_LEFT: Final = frozenset({"Sent", "Uncertain"})
_HERE: Final = frozenset({"Accepted", "ReplyCreated"})

_BECOMES: Final[Mapping[str, frozenset[str]]] = {
    "Accept": _HERE,
    "PullInteraction": _HERE,
    # A transfer that is turned down may go back to who made it.
    "Reject": _WAITING | _HERE,
    "Complete": frozenset({"Completed"}),
    "StopProcessing": frozenset({"Completed"}),
    "Redirect": frozenset({"Completed"}),
    "PlaceInQueue": _WAITING,
    "PlaceInWorkbin": frozenset({"InWorkbin"}),
    "Cancel": frozenset({"Canceled"}),
    "CancelReply": frozenset({"Canceled"}),
    "Send": _LEFT,
}
_TRANSFERS: Final = frozenset({"Transfer", "SingleStepTransfer"})
_SAME: Final = {"AttachUserData": "UpdateUserData", "PUT": "Save"}
_LEAVES_WITH: Final = frozenset({"Accept", "PullInteraction"})


@dataclass(frozen=True, slots=True)
class Order:
    """An agent's order, its interaction, and the interaction as it was shown then."""

    agent: str
    name: str
    about: str
    body: Mapping[str, Any]
    before: Message


def missing_effects(order: Order, answer: Message, snapshot: SystemSnapshot) -> list[str]:
    """Say what an order that was taken has not brought about."""
    about = order.about
    state, holder = snapshot.state(about), snapshot.holder(about)
    found = []
    if state not in _states(order):
        found.append(f"{order.name}: {about} is {state}")
    if (should := _holder(order)) is not None and holder != should:
        found.append(f"{order.name}: {about} is on the desk of {holder}, not of {should}")
    if holder == order.agent and (shown := snapshot.shown(about)) is not None:
        found += [f"{order.name}: {words}" for words in _content(order, shown)]
    return found + _new_one(order, answer, snapshot)


def _states(order: Order) -> frozenset[str]:
    if order.name in _TRANSFERS:
        return frozenset({"Invited"}) if "userId" in order.body else _WAITING
    return _BECOMES.get(order.name, frozenset({order.before["state"]}))


def _holder(order: Order) -> str | None:
    if order.name in _TRANSFERS:
        return order.body.get("userId")
    stays = order.name not in _BECOMES
    return order.agent if stays or order.name in _LEAVES_WITH else None


def _new_one(order: Order, answer: Message, snapshot: SystemSnapshot) -> list[str]:
    new_id = answer.get("interactionId")
    if new_id is None:
        return []
    if new_id not in set(snapshot):
        return [f"{order.name}: the promised {new_id} is nowhere"]
    should = _LEFT if order.name == "Redirect" else {"ReplyCreated"}
    state = snapshot.state(new_id)
    return [] if state in should else [f"{order.name}: the promised {new_id} is {state}"]


def _content(order: Order, shown: Message) -> list[str]:
    should = _expected(order)
    return [
        f"{name} is {_at(shown, name)!r}, not {value!r}"
        for name, value in should.items()
        if _at(shown, name) != value
    ]


def _expected(order: Order) -> dict[str, object]:
    """Return what an order that changes words or user data must have made of them."""
    given, had = order.body.get("userData", {}), order.before["userData"]
    mail = order.before["email_object"]
    should: dict[str, dict[str, object]] = {
        "UpdateUserData": {"userData": {**had, **given}},
        "DeleteUserData": {"userData": {name: had[name] for name in had if name not in given}},
        "SetDisposition": {"userData": {**had, "DISP_KEY": order.body.get("disposition")}},
        "AddComment": {"TheComment": order.body.get("comment")},
        "Save": {"Text": order.body.get("email_object", {}).get("text")},
        "LinkAttachment": {"attachments": len(mail.get("attachments", ())) + 1},
    }
    return should.get(_SAME.get(order.name, order.name), {})


def _at(shown: Message, name: str) -> object:
    if name == "userData":
        return shown[name]
    found = shown["email_object"].get(name)
    return len(found) if name == "attachments" and found is not None else found
