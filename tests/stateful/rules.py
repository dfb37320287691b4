"""The operations that the specification allows, written down a second time. Pure.

Nothing of the product is used here: its own table is what is compared with this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Relation(StrEnum):
    """How an agent stands to an interaction: on the desk, in a workbin open to them, neither."""

    HOLDER = "holder"
    READER = "reader"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a refused order: the HTTP status, and the number in the body."""

    http: int
    code: int


@dataclass(frozen=True, slots=True)
class Advertised:
    """The two lists of a message: what the seeds know, and what goes beyond them."""

    capabilities: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Both lists."""
        return self.capabilities + self.extended


ONCE: Final = frozenset({"ExtendInvitation"})
"""Operations that an interaction offers until somebody has used them."""

NOTHING: Final = Advertised()
_OFFER: Final = Advertised(("Accept", "Reject"), ("ExtendInvitation",))
_KEPT: Final = Advertised(("PullInteraction",))

ADVERTISED: Final[Mapping[tuple[str, str], Advertised]] = MappingProxyType(
    {
        ("Inbound", "Invited"): _OFFER,
        ("Outbound", "Invited"): _OFFER,
        ("Inbound", "InWorkbin"): _KEPT,
        ("Outbound", "InWorkbin"): _KEPT,
        ("Inbound", "Accepted"): Advertised(
            (
                "Transfer",
                "Reply",
                "ReplyAll",
                "StopProcessing",
                "PlaceInQueue",
                "PlaceInWorkbin",
                "UpdateProperties",
            ),
            ("Forward", "Redirect", "AddComment", "SetDisposition"),
        ),
        ("Outbound", "ReplyCreated"): Advertised(
            ("Cancel", "Send", "PlaceInWorkbin", "UpdateProperties", "LinkAttachment"),
            ("Save", "Transfer", "PlaceInQueue", "AddComment", "SetDisposition"),
        ),
    }
)
"""By direction and state; what is not listed offers nothing."""

LICENSED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Accept": ("Accept",),
        "Reject": ("Reject",),
        "ExtendInvitation": ("ExtendInvitation",),
        "Transfer": ("Transfer", "SingleStepTransfer"),
        "Reply": ("Reply",),
        "ReplyAll": ("ReplyAll",),
        "StopProcessing": ("Complete", "StopProcessing"),
        "PlaceInQueue": ("PlaceInQueue",),
        "PlaceInWorkbin": ("PlaceInWorkbin",),
        "UpdateProperties": ("UpdateUserData", "AttachUserData", "DeleteUserData"),
        # Of what lies in a workbin, Accept means the same (oddity 16).
        "PullInteraction": ("PullInteraction", "Accept"),
        "Cancel": ("Cancel", "CancelReply"),
        "Send": ("Send",),
        "LinkAttachment": ("LinkAttachment",),
        "Forward": ("Forward",),
        "Redirect": ("Redirect",),
        "Save": ("Save", "PUT"),
        "AddComment": ("AddComment",),
        "SetDisposition": ("SetDisposition",),
    }
)
"""The orders that each capability stands for."""

ORDERS: Final = tuple(sorted({order for orders in LICENSED.values() for order in orders}))

WRONG_STATE: Final = Refusal(409, 2)
NOT_THE_OWNER: Final = Refusal(403, 5)
NEVER: Final = Refusal(403, 3)


def advertised(direction: str, state: str) -> Advertised:
    """Return what an interaction in a state offers to whoever may act on it."""
    return ADVERTISED.get((direction, state), NOTHING)


def licensed(capabilities: tuple[str, ...]) -> frozenset[str]:
    """Return every order that these capabilities stand for."""
    return frozenset(order for one in capabilities for order in LICENSED[one])


def expected_refusal(order: str, direction: str, state: str, relation: Relation) -> Refusal | None:
    """Return how an order is refused; None where it is taken."""
    if order == "LinkAttachment" and direction == "Inbound":
        return NEVER
    if order not in licensed(advertised(direction, state).all):
        return WRONG_STATE
    wanted = Relation.READER if state == "InWorkbin" else Relation.HOLDER
    return None if relation is wanted else NOT_THE_OWNER
