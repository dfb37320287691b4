"""Turns the measurements of `flow` into findings: where mail is stuck, and what to do. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.console.broker.management_api import UnacknowledgedCount
from services.console.health.findings import Finding, Mark, bad, fine
from services.console.health.flow import Deferral, LongWaits
from shared.domain.storable_text import storable
from shared.messaging.topology import WORK_QUEUES

_MOST_REASONS: Final = 5
_LONGEST: Final = 200


def about_unacknowledged(
    before: Mapping[str, UnacknowledgedCount], after: Mapping[str, UnacknowledgedCount]
) -> Finding:
    """Judge by two measurements whether consumers acknowledge the messages that they hold."""
    stuck = [
        f"{after[queue.name].messages} of {queue.name} (service {queue.keeper})"
        for queue in WORK_QUEUES
        if queue.name in before
        and queue.name in after
        and before[queue.name].messages
        and after[queue.name].messages
        and before[queue.name].settled == after[queue.name].settled
    ]
    if stuck:
        return bad(
            f"messages that consumers hold and do not acknowledge: {', '.join(stuck)}",
            do="a mail that is being sent may take its time; otherwise look into the service's "
            "log, and restart the pod whose /live fails",
        )
    return fine("consumers acknowledge their messages")


def about_waiting(waits: Sequence[LongWaits]) -> Iterator[Finding]:
    """Judge how long mail waits for an agent."""
    for one in waits:
        if one.oldest is not None:
            yield bad(
                f"queue {one.queue}: mails that wait for longer than {one.longest}: {one.count}, "
                f"the oldest since {one.oldest:%Y-%m-%d %H:%M} UTC",
                do="see that agents serve the queue and are Ready, or set its `longest_wait`",
            )
    if all(one.oldest is None for one in waits):
        yield fine("no mail waits too long for an agent")


def about_deferrals(found: Sequence[Deferral]) -> Iterator[Finding]:
    """Report the mails that the next server deferred, and the most common reasons."""
    if not found:
        return
    reasons = Counter(storable(one.reason, _LONGEST) or "(no reason)" for one in found)
    why = "; ".join(
        f"{count} for: {reason}" for reason, count in reasons.most_common(_MOST_REASONS)
    )
    first = found[0]
    yield Finding(
        Mark.NOTE,
        f"mails that are tried again: {len(found)}, the next ({first.interaction_id}) at "
        f"{first.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC; {why}",
    )


def about_next_server(where: str, problem: str) -> Finding:
    """Judge whether the next mail server can be used."""
    if problem:
        return bad(
            f"next mail server {where} cannot be used from here: {storable(problem, _LONGEST)}",
            do="start it, or correct `smtp_route`; mail waits until then",
        )
    return fine(f"next mail server {where} answers")


def about_indexes(missing: Sequence[str]) -> Finding:
    """Judge whether the database has all indexes."""
    if missing:
        return bad(f"indexes missing: {', '.join(missing)}", do="run `mailroom apply FILE`")
    return fine("database has its indexes")
