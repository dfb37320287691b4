"""The parameters of every order: all valid, chosen by a number. Pure."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

Body = Mapping[str, Any]

_DRAFTS: Final = {"queueName": "drafts"}
_PLACES: Final[Sequence[object]] = (
    "email.draft",
    "email.in-progress",
    {"workbinName": "email.group", "agentGroup": "support"},
)
QUEUES: Final = ("support", "sales")
KEYS: Final = ("a", "b", "c")


def transfer_to(number: int, agents: Sequence[str]) -> Body:
    """Return a target: one of these agents, or a queue."""
    targets = [{"userId": one} for one in agents] + [{"queueName": one} for one in QUEUES]
    return targets[number % len(targets)]


def body_of(order: str, number: int, agents: Sequence[str]) -> Body:
    """Return the parameters of an order; `agents` may be transferred to."""
    if order in {"Transfer", "SingleStepTransfer"}:
        return transfer_to(number, agents)
    return _BODIES[order](number) if order in _BODIES else {}


def _data(number: int) -> Body:
    return {"userData": {KEYS[number % len(KEYS)]: number}}


def _mail(number: int) -> Body:
    return {"email_object": {"toAddress": "ann@example.org", "text": f"Answer {number}"}}


_BODIES: Final[Mapping[str, Callable[[int], Body]]] = MappingProxyType(
    {
        "Reply": lambda number: {**_DRAFTS, "quoteOriginal": bool(number % 2)},
        "ReplyAll": lambda _: _DRAFTS,
        "Forward": lambda _: _DRAFTS,
        "Redirect": lambda _: {"toAddress": "bob@example.org"},
        "PlaceInQueue": lambda number: {"queueName": QUEUES[number % len(QUEUES)]},
        "PlaceInWorkbin": lambda number: {"workbin": _PLACES[number % len(_PLACES)]},
        "UpdateUserData": _data,
        "AttachUserData": _data,
        "DeleteUserData": _data,
        "Send": lambda number: {**_DRAFTS, **_mail(number)},
        "Save": _mail,
        "PUT": _mail,
        "AddComment": lambda number: {"comment": f"Note {number}"},
        "SetDisposition": lambda number: {"disposition": f"solved {number}"},
    }
)
