"""Turns measurements into the lines that `doctor` prints: what is wrong, and what to do. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from services.console.broker.connection import QueueCount
from shared.contracts.contact_center import ContactCenter, Queue
from shared.contracts.oauth import MailServer, OAuthLogin
from shared.domain.storable_text import storable
from shared.messaging.topology import WORK_QUEUES, Binding, WorkQueue
from shared.oauth.renewal_schedule import LoginState
from shared.scanning.clamd import ScannerVersion

# Services correct differences between clocks, but not a machine that is far off.
_LARGEST_SKEW: Final = timedelta(seconds=1)

# ClamAV publishes signatures daily, and warns of older ones itself.
_OLDEST_SIGNATURES: Final = timedelta(days=7)
_LONGEST_PROBLEM: Final = 200


class Mark(StrEnum):
    """The kind of a finding. A note informs the operator and is no fault."""

    OK = "ok"
    BAD = "bad"
    NOTE = "--"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis."""

    mark: Mark
    words: str

    def __str__(self) -> str:
        return f"{self.mark:<4} {self.words}"


def fine(words: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(Mark.OK, words)


def bad(words: str, *, do: str) -> Finding:
    """Return a finding together with what the operator should do next."""
    return Finding(Mark.BAD, f"{words}: {do}")


def about_alarms(alarms: Sequence[str]) -> Finding:
    """Judge the alarms with which the broker refuses publishers."""
    if alarms:
        return bad(
            f"broker accepts no messages, short of {', '.join(alarms)}",
            do="free some, or give it more; mail waits outside until then",
        )
    return fine("broker has memory and disk space")


def about_queue(queue: WorkQueue, counts: Mapping[str, QueueCount | None]) -> Iterator[Finding]:
    """Judge a work queue, its waiting rooms and its parking queue by their counts."""
    expected = (queue.name, queue.parking, *(room.name for room in queue.waiting_rooms))
    missing = [name for name in expected if counts.get(name) is None]
    if missing:
        yield bad(f"queues missing: {', '.join(missing)}", do="run `mailroom apply FILE`")
    if work := counts.get(queue.name):
        yield _about_consumers(queue, work)
    if parked := counts.get(queue.parking):
        yield _about_parking(queue, parked)


def _about_consumers(queue: WorkQueue, work: QueueCount) -> Finding:
    if not work.consumers:
        return bad(
            f"queue {queue.name} has no consumer, and {work.messages} messages",
            do=f"start the {queue.keeper} service, or look into its log",
        )
    return fine(f"queue {queue.name}: consumers {work.consumers}, messages {work.messages}")


def _about_parking(queue: WorkQueue, parked: QueueCount) -> Finding:
    if parked.messages:
        return _parked_messages(
            f"queue {queue.parking} holds {parked.messages} parked messages", queue
        )
    return fine(f"queue {queue.parking} is empty")


def _parked_messages(words: str, queue: WorkQueue) -> Finding:
    return bad(
        words,
        do=f"see why with `mailroom replay {queue.service} --list`, "
        f"then put them back with `mailroom replay {queue.service}`, or throw one away with "
        f"`mailroom discard {queue.service} ID --reason WORDS`",
    )


def about_parked(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Judge the messages that services could not handle and have stored in the database."""
    for queue in WORK_QUEUES:
        if parked := counts.get(queue.name):
            yield _parked_messages(f"queue {queue.name} has parked {parked} messages", queue)


def about_bindings(present: set[tuple[str, Binding]]) -> Finding:
    """Judge whether every work queue has its bindings."""
    missing = [
        f"{binding.pattern} to {queue.name}"
        for queue in WORK_QUEUES
        for binding in queue.bindings
        if (queue.name, binding) not in present
    ]
    if missing:
        return bad(f"bindings missing: {', '.join(missing)}", do="run `mailroom apply FILE`")
    return fine("every work queue has its bindings")


def about_policies(wrong: Mapping[str, str]) -> Finding:
    """Judge the broker's limits."""
    if wrong:
        return bad(
            f"broker policies missing or different: {', '.join(wrong)}",
            do="run `mailroom apply FILE` with RABBITMQ_MANAGEMENT_URL set",
        )
    return fine("broker policies are in force")


def about_replica_set(version: str, replica_set: str, members: int) -> Finding:
    """Judge whether the database is a replica set, which durable writes need."""
    if not replica_set:
        return bad(
            f"database: MongoDB {version} is no replica set",
            do="start mongod with --replSet and initiate the set, of one member at least",
        )
    return fine(f"database: MongoDB {version}, replica set {replica_set} of {members}")


def about_clock(skew: timedelta) -> Finding:
    """Judge the clock of this machine; `skew` is how far it is ahead of the database's."""
    seconds = skew.total_seconds()
    if abs(skew) > _LARGEST_SKEW:
        which = "ahead of" if seconds > 0 else "behind"
        return bad(
            f"clock: this machine is {abs(seconds):.1f} s {which} the database's",
            do="set both by NTP; services correct their time, but a pod more than "
            "CLOCK_SKEW seconds off is not Ready",
        )
    return fine("clock: this machine and the database agree")


def about_outboxes(owing: Mapping[str, int]) -> Finding:
    """Judge whether outboxes are published."""
    late = [f"{count} in {collection}" for collection, count in owing.items() if count]
    if late:
        return bad(
            f"messages not published for more than 30 seconds: {', '.join(late)}",
            do="check that services run and reach the broker; any of them publishes these",
        )
    return fine("every outbox is published")


def about_unseen(arrival_ids: Sequence[str], *, more: bool) -> Finding:
    """Judge whether every arrival became an interaction."""
    if arrival_ids:
        return bad(
            f"arrivals without an interaction: {', '.join(arrival_ids)}"
            f"{' and more' if more else ''}",
            do="see with `mailroom replay ingest --list` whether they are parked; "
            "`mailroom parse ARRIVAL_ID` parses one again",
        )
    return fine("every mail of the last three days became an interaction")


def about_hashes(kept_by_agents: int) -> Finding:
    """Judge whether only the gateway can read password hashes."""
    if kept_by_agents:
        return bad(
            f"password hashes that routing can read and change: {kept_by_agents}",
            do="run `mailroom apply FILE` when no gateway of an earlier release runs",
        )
    return fine("only the gateway can read password hashes")


def about_stranded(lines: Sequence[str]) -> Finding:
    """Judge whether agents can find all work; `lines` describe the stranded work."""
    if lines:
        return bad(
            f"work that no agent can find, because these are gone: {'; '.join(lines)}",
            do="run `mailroom apply FILE` with --move-to QUEUE or --yes",
        )
    return fine("all work has a queue, a workbin or an agent")


def about_deliveries(uncertain: int, failed: int, overdue: int) -> Iterator[Finding]:
    """Judge the counts of unfinished outgoing mails."""
    if uncertain:
        yield bad(
            f"mails whose delivery is uncertain: {uncertain}",
            do="`mailroom doubts` lists them: look for each in the next server's log, then "
            "`mailroom settle` or `mailroom resend` it",
        )
    if failed:
        yield Finding(
            Mark.NOTE,
            f"mails that were refused: {failed}; authors have the reasons for theirs",
        )
    if overdue:
        yield bad(
            f"mails overdue for their next try: {overdue}",
            do="start the outbound service, or look into its log",
        )
    if not (uncertain or overdue):
        yield fine("every mail on its way out is on time")


def about_login(
    login: OAuthLogin, user_name: str, state: LoginState, servers: Iterable[MailServer]
) -> Finding:
    """Judge an OAuth login at the mail servers in use by the state that services stored."""
    name = f"login {login.name} of {user_name}"
    ends = f"{state.expires_at:%Y-%m-%d %H:%M} UTC" if state.expires_at else "never had"
    if state.refused_at:
        again = (
            f"run `mailroom authorize {login.name}` if nobody has agreed or the consent was "
            "taken back; else "
            if login.kind == "device"
            else ""
        )
        return bad(
            f"{name} refused since {state.refused_at:%Y-%m-%d %H:%M} UTC, mail waits: "
            f"{state.fault}",
            do=f"{again}mend the description and `mailroom apply` it, set another secret, or ask "
            "who runs the mail server; it is tried again every 15 minutes",
        )
    for server in servers:
        refusal = state.refusals.get(server)
        if refusal and refusal.refused_at:
            protocol = server.protocol.upper()
            return bad(
                f"{name} refused by {server} since "
                f"{refusal.refused_at:%Y-%m-%d %H:%M} UTC, mail waits: {refusal.fault}",
                do=f"ask who runs the mail server to allow {protocol} by token for "
                f"{user_name}, or mend the description and `mailroom apply` it; it is tried again "
                "every 15 minutes",
            )
    has_token = bool(state.access_token) and bool(state.expires_at and state.now < state.expires_at)
    if state.faults and not has_token:
        return bad(
            f"{name} has no token, mail waits: {state.fault}",
            do="see that services reach the token endpoint; it is tried again by itself",
        )
    if state.faults:
        return Finding(Mark.NOTE, f"{name}: not renewed yet, token until {ends}: {state.fault}")
    if not has_token:
        return bad(f"{name} has no token yet", do="start the service that uses it, or see its log")
    return fine(f"{name}: token until {ends}")


def about_scanner(
    where: str, version: ScannerVersion, problem: str, now: datetime, *, is_thorough: bool = True
) -> Finding:
    """Judge the virus scanner by a scan of a small file; `problem` is empty if that went well.

    It is thorough if it does not call a file clean that it has not read to its end.
    """
    name = f"virus scanner {where}"
    if problem:
        return bad(
            f"{name} cannot be used from here: {storable(problem, _LONGEST_PROBLEM)}",
            do="start clamd with a TCPSocket, let attachments and gateway connect to it, or "
            "correct `virus_scanner`; until then files of arrived mail wait, and uploads are "
            "refused",
        )
    name = f"{name}: {version.program or 'its version is not told'}"
    if not is_thorough:
        return bad(
            f"{name}, calls files clean that it has not read to their end",
            do="add `AlertExceedsMax yes` to clamd.conf and start clamd anew; until then a virus "
            "in 17 zip files inside each other is let through",
        )
    if version.signatures_at is None:
        return fine(f"{name}, scans files")
    made = f"signatures of {version.signatures_at:%Y-%m-%d}"
    if now - version.signatures_at > _OLDEST_SIGNATURES:
        return bad(
            f"{name}, {made} do not know newer viruses",
            do="see that freshclam runs, and its log",
        )
    return fine(f"{name}, {made}, scans files")


def about_contact_center(
    center: ContactCenter | None, agents: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Judge the description, and whether every mailbox has an agent who can serve it."""
    if center is None:
        yield bad("no contact center yet", do="describe one and run `mailroom apply FILE`")
        return
    yield fine(f"contact center {center.name}: agents {len(agents)}, queues {len(center.queues)}")
    if not center.mailboxes:
        yield bad("no mailbox", do="add one under `mailboxes:`; until then all mail is refused")
    for mailbox in center.mailboxes:
        queue = center.queue(mailbox.queue)
        serving = [name for name, one in agents.items() if queue and _serves(one, queue)]
        if serving:
            yield fine(f"mailbox {mailbox.address}: queue {mailbox.queue}, agents {len(serving)}")
        else:
            yield bad(
                f"mailbox {mailbox.address}: no enabled agent can serve its queue {mailbox.queue}",
                do="give the queue, and the skills that it requires, to an agent",
            )


def _serves(agent: Mapping[str, Any], queue: Queue) -> bool:
    return (
        agent["enabled"]
        and queue.name in agent["queues"]
        and all(agent["skills"].get(skill, 0) >= level for skill, level in queue.requires.items())
    )
