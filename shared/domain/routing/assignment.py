"""Moves interactions between agents, queues and workbins. Pure rules."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.errors import OperationNotAllowedError
from shared.domain.interaction import Exclusion, Interaction, Invitation, MissedOffer, Place
from shared.domain.lifecycle import Direction, Operation

MISSED_OFFERS: Final = 8
"""An interaction keeps this many of its newest expired offers."""

MOST_EXTENSIONS: Final = 1
"""How often an agent may extend one offer. Meanwhile the mail waits for nobody else."""
EXTENDED_ALREADY: Final = "the invitation has been extended already: accept or reject it"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a transfer that names no agent: a queue, or every agent with a skill."""

    queue: str = ""
    skill: str = ""


def invite(
    interaction: Interaction, agent_id: str, expires_at: datetime, offered_at: datetime
) -> Interaction:
    """Offer a queued interaction to one agent until `expires_at`."""
    return interaction.after(
        Operation.INVITE,
        invitation=Invitation(agent_id, expires_at),
        offered_at=offered_at,
        extensions=0,
    )


def extend_offer(
    interaction: Interaction, agent_id: str, given_at: datetime, by: timedelta
) -> Interaction:
    """Let the invited agent's offer end later.

    `given_at` is when the agent gave the command: one that was given in time counts until the offer
    has been revoked.

    Raises:
        OperationNotAllowedError: There was no open invitation at `given_at`, or it has been
            extended as often as possible.
        NotOwnerError: Another agent was invited.
    """
    interaction.require_holder(agent_id, Operation.EXTEND_INVITATION)
    _require_standing(interaction, given_at)
    if interaction.invitation is None or not may_be_extended(interaction):
        raise OperationNotAllowedError(EXTENDED_ALREADY)
    later = replace(interaction.invitation, expires_at=interaction.invitation.expires_at + by)
    return interaction.after(
        Operation.EXTEND_INVITATION, invitation=later, extensions=interaction.extensions + 1
    )


def may_be_extended(interaction: Interaction) -> bool:
    """Say whether the open offer may end later than it does."""
    return interaction.extensions < MOST_EXTENSIONS


def accept(interaction: Interaction, agent_id: str, given_at: datetime) -> Interaction:
    """Make the invited agent the owner.

    `given_at` is when the agent gave the command; a worker may handle it much later. An offer
    that expired in between is still valid unless another agent has accepted the interaction.

    Raises:
        OperationNotAllowedError: There was no open invitation at `given_at`.
        NotOwnerError: Another agent was invited.
    """
    if _missed(interaction, agent_id, given_at):
        operation = Operation.ACCEPT_MISSED
    else:
        operation = Operation.ACCEPT
        interaction.require_holder(agent_id, operation)
        _require_standing(interaction, given_at)
    return interaction.after(
        operation,
        owner_id=agent_id,
        invitation=None,
        excluded=(),
        missed=(),
        preferred_id=None,
        skill="",
    )


def _missed(interaction: Interaction, agent_id: str, given_at: datetime) -> bool:
    return interaction.holder_id != agent_id and any(
        offer.agent_id == agent_id and given_at < offer.stood_until for offer in interaction.missed
    )


def _require_standing(interaction: Interaction, given_at: datetime) -> None:
    if interaction.invitation is not None and interaction.invitation.expires_at <= given_at:
        raise OperationNotAllowedError(f"the invitation to interaction {interaction.id} has ended")


def return_to_queue(
    interaction: Interaction,
    operation: Operation,
    now: datetime,
    exclusion_ends: datetime | None,
    *,
    to_sender: bool = False,
) -> Interaction:
    """Return the interaction to its old place in the queue and exclude its agent for a while.

    `operation` is REJECT or REVOKE. The exclusion lasts until `exclusion_ends`; None means that the
    agent may get the same offer again at once. If the offer was a transfer, the agent who made it
    becomes the preferred one. With `to_sender` that agent owns the interaction again at once.
    An offer to the preferred agent ends the preference: the mail goes to whoever takes it.
    A transferred draft always returns to its sender, so that no other agent gets it. Exclusions
    that have ended by `now` are removed.
    """
    invited = interaction.invitation
    sender = invited.sender_id if invited else None
    if sender and (to_sender or interaction.direction is Direction.OUTBOUND):
        return interaction.after(Operation.RETURN, invitation=None, owner_id=sender)
    excluded = tuple(one for one in interaction.excluded if one.until > now)
    if invited and exclusion_ends:
        excluded += (Exclusion(invited.agent_id, exclusion_ends),)
    missed = interaction.missed
    if invited and operation is Operation.REVOKE:
        stood_until = min(invited.expires_at, now)
        missed = (*missed, MissedOffer(invited.agent_id, stood_until))[-MISSED_OFFERS:]
    preferred = interaction.preferred_id
    if invited and invited.agent_id == preferred:
        preferred = None
    return interaction.after(
        operation,
        invitation=None,
        excluded=excluded,
        missed=missed,
        preferred_id=sender or preferred,
    )


def transfer(
    interaction: Interaction,
    agent_id: str,
    to_agent_id: str,
    expires_at: datetime,
    offered_at: datetime,
) -> Interaction:
    """Offer an agent's work to another agent until `expires_at`."""
    interaction.require_holder(agent_id, Operation.TRANSFER)
    offer = Invitation(to_agent_id, expires_at, agent_id)
    return interaction.after(
        Operation.TRANSFER, owner_id=None, invitation=offer, offered_at=offered_at, extensions=0
    )


def requeue(
    interaction: Interaction, agent_id: str, operation: Operation, queue: str, now: datetime
) -> Interaction:
    """Put an agent's work at the end of a queue; `operation` is PLACE_IN_QUEUE or REQUEUE.

    The agent has decided where it belongs, so the skills that rules asked for count no longer.
    """
    interaction.require_holder(agent_id, operation)
    return interaction.after(
        operation,
        queue=queue,
        queued_at=now,
        owner_id=None,
        excluded=(),
        preferred_id=None,
        skill="",
        needs={},
    )


def requeue_for(
    interaction: Interaction, agent_id: str, target: Target, now: datetime, exclusion_ends: datetime
) -> Interaction:
    """Queue an agent's work for a target; the agent is excluded until `exclusion_ends`."""
    queue = target.queue or interaction.queue
    waiting = requeue(interaction, agent_id, Operation.REQUEUE, queue, now)
    return replace(waiting, skill=target.skill, excluded=(Exclusion(agent_id, exclusion_ends),))


def place_in_workbin(interaction: Interaction, agent_id: str, place: Place) -> Interaction:
    """Put an agent's work into a workbin."""
    interaction.require_holder(agent_id, Operation.PLACE_IN_WORKBIN)
    return interaction.after(Operation.PLACE_IN_WORKBIN, owner_id=None, place=place)


def pull(interaction: Interaction, agent_id: str, queues: Collection[str]) -> Interaction:
    """Take an interaction out of its workbin.

    Raises:
        OperationNotAllowedError: It is in no workbin: another agent was faster.
        NotOwnerError: The workbin is not open to the agent.
    """
    interaction.require_reader(agent_id, queues)
    return interaction.after(Operation.PULL, owner_id=agent_id, place=None)


def reclaim(interaction: Interaction, draft_workbin: str) -> Interaction:
    """Take work away from an absent agent: a mail to its queue, a draft to the draft workbin."""
    if interaction.direction is Direction.INBOUND:
        return interaction.after(Operation.RECLAIM, owner_id=None, excluded=())
    place = Place(draft_workbin, interaction.owner_id or "")
    return interaction.after(Operation.RECLAIM, owner_id=None, place=place)
