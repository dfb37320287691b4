"""An interaction as it stands at one moment; every operation returns the next snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.domain.errors import NotOwnerError, OperationNotAllowedError
from shared.domain.lifecycle import Direction, Operation, State, advance

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of RFC 5322 section 3.4: the address, and the name shown beside it."""

    address: str
    personal: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that belongs to an interaction; its bytes are kept under its own id."""

    id: str
    name: str
    size: int
    media_type: str
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """The mail itself: what was written, by whom, to whom."""

    subject: str = ""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    text: str = ""
    html: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to one agent that ends at `expires_at`."""

    agent_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An agent who is passed over until a moment, because of a refusal or a missed invitation."""

    agent_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Interaction:
    """A mail on its way through the contact center.

    `queued_at` is the place in the queue and survives a refused or missed invitation. `owner_id`
    is the agent who works on it, `invitation` the open offer; at most one of them is set.
    """

    id: str
    direction: Direction
    subtype: str
    state: State
    queue: str
    received_at: datetime
    queued_at: datetime
    mail: Email = Email()
    version: int = 1
    owner_id: str | None = None
    invitation: Invitation | None = None
    excluded: tuple[Exclusion, ...] = ()
    parent_id: str | None = None
    thread_id: str | None = None
    contact_id: str | None = None
    mailbox: str = ""
    arrival_id: str | None = None
    comment: str = ""
    user_data: Mapping[str, object] = field(default_factory=lambda: _NOTHING)

    @property
    def holder_id(self) -> str | None:
        """The agent who may act on it now: the owner, or the one who is invited."""
        return self.invitation.agent_id if self.invitation else self.owner_id

    def after(self, operation: Operation, **changes: object) -> "Interaction":
        """Return the snapshot that follows `operation`.

        Raises:
            OperationNotAllowedError: The operation is not possible in this state.
        """
        state = advance(self.direction, self.state, operation)
        return replace(self, state=state, version=self.version + 1, **changes)  # type: ignore[arg-type]

    def require_holder(self, agent_id: str, operation: Operation) -> None:
        """Make sure that `agent_id` may perform `operation` now.

        Raises:
            OperationNotAllowedError: Nobody could, in this state.
            NotOwnerError: Somebody else could.
        """
        advance(self.direction, self.state, operation)
        if self.holder_id != agent_id:
            raise NotOwnerError(f"{operation} is for the agent who holds interaction {self.id}")


def invite(interaction: Interaction, agent_id: str, expires_at: datetime) -> Interaction:
    """Offer a queued interaction to one agent until `expires_at`."""
    return interaction.after(Operation.INVITE, invitation=Invitation(agent_id, expires_at))


def accept(interaction: Interaction, agent_id: str, now: datetime) -> Interaction:
    """Make the invited agent the owner.

    Raises:
        OperationNotAllowedError: There is no open invitation, or it has run out.
        NotOwnerError: Somebody else is invited.
    """
    interaction.require_holder(agent_id, Operation.ACCEPT)
    if interaction.invitation is not None and interaction.invitation.expires_at <= now:
        raise OperationNotAllowedError(f"the invitation to interaction {interaction.id} has ended")
    return interaction.after(Operation.ACCEPT, owner_id=agent_id, invitation=None)


def put_back(
    interaction: Interaction, operation: Operation, now: datetime, exclusion_ends: datetime
) -> Interaction:
    """Return an offered interaction to its old place in the queue, passing its agent over.

    `operation` is REJECT or REVOKE. Exclusions that have ended by `now` are forgotten.
    """
    invited = interaction.invitation
    still = tuple(one for one in interaction.excluded if one.until > now)
    added = (Exclusion(invited.agent_id, exclusion_ends),) if invited else ()
    return interaction.after(operation, invitation=None, excluded=still + added)
