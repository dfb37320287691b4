"""Plans an apply: what it puts in force, and whether stranded work is moved or refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.console.exit_codes import Exit, NotPossibleError
from services.console.stranded_work import (
    Stranded,
    StrandedWork,
    homes_of,
    is_renamed,
    stranded_lines,
)
from shared.contracts.contact_center import ContactCenter, Queue
from shared.domain.routing.stranded_work import UNASSIGNED, ExistingPlaces, Loss, losses, same_name

_ADMIN: Final = "Contact Center Admin"
_DESCRIPTION: Final = "Mail whose queue, workbin or agent is gone"


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """The description to put in force, and the queue for stranded work (None: it is not moved)."""

    wanted: ContactCenter
    homes: ExistingPlaces
    lines: Sequence[str]
    queue: str | None
    strands_anew: bool
    removes: bool
    """A queue, workbin, mailbox or agent goes. Services may use it until they read the change."""


@dataclass(frozen=True, slots=True)
class StrandedWorkChoice:
    """The operator's choice for stranded work: `queue`, or `unassigned` with `sure`."""

    queue: str | None = None
    sure: bool = False


async def make_apply_plan(
    stranded: StrandedWork,
    before: ContactCenter | None,
    stored: Mapping[str, Mapping[str, Any]],
    wanted: ContactCenter,
    choice: StrandedWorkChoice,
) -> ApplyPlan:
    """Return the plan of an apply, with the work that the description would strand.

    Raises:
        NotPossibleError: The queue to move to is not described, or an agent's name was written
            in another case.
    """
    if choice.queue and wanted.queue(choice.queue) is None:
        raise NotPossibleError(
            f"--move-to: there is no queue {choice.queue} in the description", Exit.USAGE
        )
    _require_same_case(stored, wanted)
    user_names = await stranded.user_names()
    enabled = {one.user_name for one in wanted.agents if one.enabled}
    gone = frozenset(one for one, name in user_names.items() if name not in enabled)
    homes = homes_of(wanted, gone)
    found = await stranded.find(homes)
    queue = choice.queue or (UNASSIGNED if choice.sure else None)
    holds_unassigned = any((Loss.QUEUE, UNASSIGNED) in one.losses for one in found)
    if choice.queue is None and found and (choice.sure or holds_unassigned):
        wanted = with_unassigned(wanted)
        homes = homes_of(wanted, gone)
        found = [Stranded(one.work, lost) for one in found if (lost := losses(one.work, homes))]
    enabled_now = _enabled_now(user_names, stored)
    had = homes_of(before, frozenset(user_names) - enabled_now) if before else None
    return ApplyPlan(
        wanted,
        homes,
        [*stranded_lines(found, user_names), *_mailboxes_gone(before, wanted)],
        queue,
        strands_anew=any(_is_new(one, had) and not is_renamed(one, homes) for one in found),
        removes=_removes(before, wanted) or bool(gone & enabled_now),
    )


def require_choice(plan: ApplyPlan) -> ApplyPlan:
    """Return the plan if it strands no further work, or the operator has chosen a queue.

    Raises:
        NotPossibleError: Work would be stranded; the message lists it.
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


def _is_new(one: Stranded, had: ExistingPlaces | None) -> bool:
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
