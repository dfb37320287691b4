"""An interaction as it stands at one moment; every operation returns the next snapshot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.domain.errors import ChangedMeanwhileError, NotOwnerError
from shared.domain.lifecycle import Direction, Operation, State, advance
from shared.domain.queue_rank import queue_rank
from shared.domain.text_sections import Section

LONGEST_SUBJECT: Final = 998
"""Characters of a subject: what a line of a mail holds (RFC 5322 section 2.1.1)."""

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_NO_SKILLS: Final[Mapping[str, int]] = MappingProxyType({})


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
    """The mail itself. `warnings` are codes for what the parser found odd in it.

    `sections` are those of `text`; none for mail of releases before them. `authenticated` says
    whether the sender is proven, None if unknown, and `authentication` why. `thread_token` is the
    secret in the address for answers to a mail of ours; who knows it joins its thread.
    """

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
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    authenticated: bool | None = None
    authentication: str = ""
    thread_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to one agent until `expires_at`; `sender_id` is the agent who transferred it."""

    agent_id: str
    expires_at: datetime
    sender_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An agent who gets no offer until a moment, after rejecting or missing an invitation."""

    agent_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MissedOffer:
    """An offer that was open until `stood_until` and was revoked unanswered."""

    agent_id: str
    stood_until: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One workbin: its name, and the agent or the group (the queue) that it belongs to."""

    workbin: str
    owner: str
    of_group: bool = False

    def is_open_to(self, agent_id: str, queues: Collection[str]) -> bool:
        """Say whether an agent who serves `queues` may read this workbin and pull from it."""
        return self.owner in queues if self.of_group else self.owner == agent_id


@dataclass(frozen=True, slots=True)
class Interaction:
    """A mail on its way through the contact center.

    `queued_at` is the place in the queue; a rejected or missed invitation does not change it.
    `owner_id` is the agent who works on it, `invitation` the open offer, `place` its workbin; at
    most one of the three is set. `preferred_id` is the agent who gets one offer before all
    others: the author of the mail that this one answers, or of a transfer that came back. `skill`
    is required by a transfer, and then the agent's queues do not matter. `priority` and `needs`,
    the least levels of skills, come from screening rules. `missed` are the newest offers that
    expired since the last accept. `offered_at` is when the present offer was made (None by an
    earlier release), `extensions` how often it has been extended.
    `branches` are the parts of its thread that its holder may read, its own last; a mail that
    begins a thread needs none.
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
    missed: tuple[MissedOffer, ...] = ()
    offered_at: datetime | None = None
    extensions: int = 0
    parent_id: str | None = None
    thread_id: str | None = None
    branches: tuple[str, ...] = ()
    contact_id: str | None = None
    mailbox: str = ""
    arrival_id: str | None = None
    comment: str = ""
    place: Place | None = None
    preferred_id: str | None = None
    skill: str = ""
    priority: int = 0
    needs: Mapping[str, int] = field(default_factory=lambda: _NO_SKILLS)
    user_data: Mapping[str, object] = field(default_factory=lambda: _NOTHING)

    @property
    def holder_id(self) -> str | None:
        """The agent who may act on it now: the invited one, or else the owner."""
        return self.invitation.agent_id if self.invitation else self.owner_id

    @property
    def readable_branches(self) -> tuple[str, ...]:
        """The branches that its holder may read; none where an older release set its thread."""
        begins_thread = self.thread_id in (None, self.id)
        return self.branches or ((self.id,) if begins_thread else ())

    @property
    def branch(self) -> str | None:
        """Its own branch, if known."""
        return next(reversed(self.readable_branches), None)

    @property
    def rank(self) -> datetime:
        """Its place among those that wait: `queued_at`, earlier by its priority."""
        return queue_rank(self.queued_at, self.priority)

    def after(self, operation: Operation, **changes: object) -> "Interaction":
        """Return the snapshot that follows `operation`.

        Raises:
            OperationNotAllowedError: The operation is not possible in this state.
        """
        state = advance(self.direction, self.state, operation)
        return replace(self, state=state, version=self.version + 1, **changes)  # type: ignore[arg-type]

    def require_version(self, expected: int | None) -> None:
        """Check that this is the expected version; None accepts any.

        Raises:
            ChangedMeanwhileError: It is another version.
        """
        if expected not in (None, self.version):
            raise ChangedMeanwhileError(f"interaction {self.id} has changed meanwhile")

    def require_holder(self, agent_id: str, operation: Operation) -> None:
        """Check that `agent_id` may perform `operation` now.

        Raises:
            OperationNotAllowedError: The state does not allow it for anybody.
            NotOwnerError: Another agent holds the interaction.
        """
        advance(self.direction, self.state, operation)
        if self.holder_id != agent_id:
            raise NotOwnerError(f"{operation} is for the agent who holds interaction {self.id}")

    def require_reader(self, agent_id: str, queues: Collection[str]) -> None:
        """Check that an agent may pull the interaction out of its workbin.

        Raises:
            OperationNotAllowedError: It is in no workbin.
            NotOwnerError: The workbin is not open to the agent.
        """
        advance(self.direction, self.state, Operation.PULL)
        if self.place is None or not self.place.is_open_to(agent_id, queues):
            raise NotOwnerError(f"the workbin of interaction {self.id} is somebody else's")
