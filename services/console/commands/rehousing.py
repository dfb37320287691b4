"""What an apply does about work that it would strand: refuse, or move it, as the operator says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.stranded_work import Stranded, StrandedWork, homes_of, is_renamed, told
from shared.contracts.contact_center import ContactCenter, Queue
from shared.domain.stranded_work import UNASSIGNED, Homes, Loss, losses, same_name

_ADMIN: Final = "Contact Center Admin"
_DESCRIPTION: Final = "Mail whose queue, workbin or agent is gone"


@dataclass(frozen=True, slots=True)
class Rehousing:
    """The description to put in force, and where stranded work goes; None leaves it."""

    wanted: ContactCenter
    homes: Homes
    lines: Sequence[str]
    queue: str | None
    strands_anew: bool
    removes: bool
    """Something goes, so that services may still put work there for as long as they remember it."""


@dataclass(frozen=True, slots=True)
class Moving:
    """What the operator says: a queue that takes stranded work, or that `unassigned` may."""

    queue: str | None = None
    sure: bool = False


async def plan_rehousing(
    stranded: StrandedWork,
    before: ContactCenter | None,
    stored: Mapping[str, Mapping[str, Any]],
    wanted: ContactCenter,
    moving: Moving,
) -> Rehousing:
    """Return what has to become of the work that a description would strand.

    Raises:
        NotPossibleError: The queue to move to is not described, or an agent's name was written
            in another case.
    """
    if moving.queue and wanted.queue(moving.queue) is None:
        raise NotPossibleError(
            f"--move-to: there is no queue {moving.queue} in the description", Exit.USAGE
        )
    _require_same_case(stored, wanted)
    user_names = await stranded.user_names()
    enabled = {one.user_name for one in wanted.agents if one.enabled}
    gone = frozenset(one for one, name in user_names.items() if name not in enabled)
    homes = homes_of(wanted, gone)
    found = await stranded.find(homes)
    queue = moving.queue or (UNASSIGNED if moving.sure else None)
    holds_unassigned = any((Loss.QUEUE, UNASSIGNED) in one.losses for one in found)
    if moving.queue is None and found and (moving.sure or holds_unassigned):
        wanted = with_unassigned(wanted)
        homes = homes_of(wanted, gone)
        found = [Stranded(one.work, lost) for one in found if (lost := losses(one.work, homes))]
    enabled_now = _enabled_now(user_names, stored)
    had = homes_of(before, frozenset(user_names) - enabled_now) if before else None
    return Rehousing(
        wanted,
        homes,
        [*told(found, user_names), *_mailboxes_gone(before, wanted)],
        queue,
        strands_anew=any(_is_new(one, had) and not is_renamed(one, homes) for one in found),
        removes=_removes(before, wanted) or bool(gone & enabled_now),
    )


def require_leave(plan: Rehousing) -> Rehousing:
    """Return the plan if it strands nothing anew, or the operator says where that goes.

    Raises:
        NotPossibleError: Work would be stranded; it is told which.
    """
    if plan.queue is not None or not plan.strands_anew:
        return plan
    what = "\n".join(f"  {line}" for line in plan.lines)
    raise NotPossibleError(
        f"this description would strand work:\n{what}\n"
        "it was not put in force: say --move-to QUEUE to move that work to a queue, "
        f"or --yes to move it to the queue {UNASSIGNED}, which administrators serve",
        Exit.NOT_FINE,
    )


def with_unassigned(center: ContactCenter) -> ContactCenter:
    """Return the description with the queue `unassigned`, which administrators serve."""
    if center.queue(UNASSIGNED) is not None:
        return center
    served = [
        one.model_copy(update={"queues": (*one.queues, UNASSIGNED)}) if _ADMIN in one.roles else one
        for one in center.agents
    ]
    unassigned = Queue(name=UNASSIGNED, description=_DESCRIPTION)
    return center.model_copy(
        update={"agents": tuple(served), "queues": (*center.queues, unassigned)}
    )


def _is_new(one: Stranded, had: Homes | None) -> bool:
    return had is None or list(one.losses) != losses(one.work, had)


def _enabled_now(
    user_names: Mapping[str, str], stored: Mapping[str, Mapping[str, Any]]
) -> frozenset[str]:
    return frozenset(
        one for one, name in user_names.items() if name in stored and stored[name]["enabled"]
    )


def _removes(before: ContactCenter | None, wanted: ContactCenter) -> bool:
    if before is None:
        return False
    was, is_now = homes_of(before, frozenset()), homes_of(wanted, frozenset())
    addresses = {one.address for one in wanted.mailboxes}
    return bool(
        was.queues - is_now.queues
        or was.workbins - is_now.workbins
        or {one.address for one in before.mailboxes} - addresses
    )


def _mailboxes_gone(before: ContactCenter | None, wanted: ContactCenter) -> Iterator[str]:
    for mailbox in before.mailboxes if before else ():
        if wanted.queue(mailbox.queue) is None and wanted.mailbox_for(mailbox.address) is None:
            yield (
                f"mailbox {mailbox.address}: goes with its queue {mailbox.queue}, "
                "mail to it is refused from then on"
            )


def _require_same_case(stored: Mapping[str, Mapping[str, Any]], wanted: ContactCenter) -> None:
    for agent in wanted.agents:
        known = same_name(agent.user_name, stored)
        if agent.user_name not in stored and known:
            raise NotPossibleError(
                f"agent {agent.user_name}: is stored as {known}, and names that differ in case "
                f"only are one name: write {known}",
                Exit.BAD_FILE,
            )
