"""Every query of the product, made once in each of its forms on a large contact center."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from argon2 import PasswordHasher

from services.console.agent_directory import AgentDirectory
from services.console.commands.trace import MailTrace
from services.console.earlier_mails import complete_earlier_mails
from services.console.exit_codes import NotPossibleError
from services.console.health.flow import deferrals, long_waits
from services.console.mails_to_screen import StoredMails
from services.console.store import SystemQueries
from services.console.stranded_work import StrandedWork, homes_of
from services.fetching.folder_position import FolderPosition
from services.fetching.store import FolderStore, KnownMails
from services.gateway.auth.passwords.failed_login_store import FailedLoginStore
from services.gateway.auth.sessions.session_store import LoginSession, SessionStore, session_key
from services.gateway.cluster.day_key_store import DayKeyStore
from services.gateway.cluster.replica_store import ReplicaStore
from services.gateway.commands.promised_interactions import PromisedIds
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.rest.idempotency_store import IdempotencyStore, StoredAnswer
from services.gateway.rest.preference_store import PreferenceStore
from services.gateway.rest.resources.interactions import FILTERS
from services.ingest.store import CopyStore
from services.routing.offers.agent_choice import OUT_OF_REACH
from services.routing.offers.offer_pass import OfferPass
from services.routing.policy import Policy
from services.routing.store import WaitingStore
from services.routing.sweeps.place_audit import PlaceAudit
from shared.contracts.commands import DeliverMail
from shared.contracts.contact_center import Agent, ContactCenter, Queue
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionCompleted
from shared.contracts.oauth import MailServer
from shared.contracts.outgoing import Outgoing, wrap
from shared.domain.deliveries.delivery import Conclusion, Delivery, DeliveryState, Recipient
from shared.domain.deliveries.delivery_report import DeliveryReport, MatchedBy
from shared.domain.ids import new_id
from shared.domain.interaction import Attachment, Interaction, Place
from shared.domain.lifecycle import State
from shared.domain.mailbox_health import Fault
from shared.domain.routing.agent_search import AgentSearch
from shared.domain.set_aside import DISCARDED
from shared.mail.threads import ClaimedSender
from shared.oauth.renewal_schedule import LoginState
from shared.storage import indexes
from shared.storage.agents.agent_login_store import COLLECTION as LOGINS_OF_AGENTS
from shared.storage.agents.agent_login_store import READS_THEM, AgentLoginStore
from shared.storage.agents.agent_store import AgentStore
from shared.storage.agents.presence_store import PresenceStore
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.contacts import contact_store
from shared.storage.contacts.contact_editor import AddressTakenError, ContactEditor
from shared.storage.contacts.contact_store import ContactStore
from shared.storage.database.client import Document
from shared.storage.database.leases import LeaseStore
from shared.storage.database.outbox import CollectionOutbox, to_entry
from shared.storage.database.witness import Witness, contradicts, note_announced
from shared.storage.files import vault
from shared.storage.files.chunked_files import ChunkedFiles
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import IN_ONE_DOCUMENT, ContentRef, Vault
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.journal import Announced, JournalAppender
from shared.storage.journal import Journal as JournalReading
from shared.storage.journal_generations import JournalGenerations
from shared.storage.mails import delivery_store, uncertain_deliveries
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.arrival_store import Arrival, ArrivalStore
from shared.storage.mails.awaited_mail_store import AwaitedMailStore
from shared.storage.mails.delivery_store import ClaimLostError, DeliveryStore
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.mails.mailbox_store import MailboxStore
from shared.storage.mails.report_store import ReportStore
from shared.storage.parked_messages import ParkedMessage, ParkedStore
from shared.storage.sealing import Sealer
from shared.storage.token_store import Grant, TokenStore
from shared.storage.turn_store import Turn, TurnStore
from shared.storage.upload_store import UploadStore
from tests.connected.queries.large import (
    BEGAN,
    BUSIEST,
    LargeDatabase,
    agent_id,
    held_id,
    mail_id,
    number,
    waiting_id,
)
from tests.support.ingest import envelope

Case = Callable[[LargeDatabase], Awaitable[None]]
CASES: Final[list[Case]] = []

MOMENT: Final = timedelta(milliseconds=1)
LEASE: Final = timedelta(seconds=30)


def case(function: Case) -> Case:
    """Have something tried."""
    CASES.append(function)
    return function


def search_of(large: LargeDatabase, queue: str | None, **skills: int) -> AgentSearch:
    """Return the search for a free agent as routing makes it."""
    return AgentSearch(large.clock.now() - OUT_OF_REACH, queue, skills)


async def nobody(_: str, __: object) -> None:
    """Take what is announced, and tell nobody."""


def _cause() -> Cause:
    return Cause(message_id=uuid4())


def _ref(at: int) -> ContentRef:
    return ContentRef(number(at), 100_000)


# The gateway


@case
async def lists(large: LargeDatabase) -> None:
    desk = InteractionQueries(large.database)
    for with_text in (True, False):
        await desk.held_by(agent_id(0), with_text=with_text)
        await desk.page_of_held(agent_id(0), 1, 2, with_text=with_text)
    for agent in (agent_id(0), BUSIEST, "nobody"):
        await desk.page_of_held(agent, 0, 2)
        await desk.page_of_held(agent, 3, 2)
        await desk.ids_of_held(agent, 0, 5)
        await desk.count_held(agent)
    await desk.offered_to(agent_id(0))
    await desk.in_workbin(Place("shared", "support", of_group=True))
    await desk.in_workbin(Place("drafts", agent_id(0)))
    await desk.get_with_change_time(number(7))
    for agent in (agent_id(0), BUSIEST, "nobody"):
        for words in ('"Invoice"', '"ann@example.org" "invoice"', '"nowhere"'):
            await desk.found_by_words(agent, ("support", "sales"), words)
    for holder in (agent_id(0), BUSIEST):
        await desk.possibly_related(holder, await _mail(large, held_id(1)))


async def _mail(large: LargeDatabase, interaction_id: str) -> Interaction:
    return await InteractionStore(large.database, large.clock, nobody).get(interaction_id)


_FILTERED: Final[dict[str, tuple[str, ...]]] = {
    "state": tuple(one.value for one in (State.QUEUED, State.INVITED, State.UNCERTAIN)),
    "queue": ("support", "sales", "nowhere"),
    "subtype": ("InboundNew", "OutboundReply", "OutboundNew"),
    "parent_id": (held_id(1), number(3), "nothing"),
    "thread_id": (held_id(1), number(3), "nothing"),
}
"""Values that much of what is unfinished has, that little of it has, and that nothing has."""


@case
async def all_interactions(large: LargeDatabase) -> None:
    filters: list[Document] = [{}]
    for stored in FILTERS.values():
        filters += [{stored: value} for value in _FILTERED[stored]]
    filters += [
        {"state": state, stored: value}
        for stored in ("queue", "subtype")
        for state in _FILTERED["state"]
        for value in _FILTERED[stored]
    ]
    filters += [
        {"queue": "support", "subtype": "OutboundReply"},
        {"queue": "support", "state": State.QUEUED.value, "thread_id": held_id(1)},
    ]
    desk = InteractionQueries(large.database)
    for wanted in filters:
        await desk.active(dict(wanted), after="", offset=0, limit=51)
        await desk.active(dict(wanted), after=waiting_id(7), offset=0, limit=51)
        await desk.active(dict(wanted), after="", offset=20, limit=51)
        await desk.count_active(dict(wanted))


@case
async def sessions(large: LargeDatabase) -> None:
    store, now = SessionStore(large.database), large.clock.now()
    ends = now + timedelta(days=30_000)
    await store.add("token", LoginSession(agent_id(0), "", "", ends, ends))
    await store.find("token", now)
    await store.open([session_key("token"), number(1)], now)
    await store.prolong(session_key("token"), ends)
    await store.end(session_key("token"))


@case
async def login_failures(large: LargeDatabase) -> None:
    store, now = FailedLoginStore(large.database), large.clock.now()
    await store.add(["a", "b"], now, timedelta(minutes=1))
    await store.read(["a", "b"])
    await store.reset("a", now)


@case
async def remembered_answers(large: LargeDatabase) -> None:
    store, now = IdempotencyStore(large.database), large.clock.now()
    await store.claim("key", "print", now)
    await store.release("key", now)
    await store.claim("key", "print", now)
    await store.note_content("key", "digest")
    await store.store_answer("key", StoredAnswer(200, [], b""))
    # Of several who take over a lease that has ended, all but one read the answer once more.
    await store.claim("left", "print", now)
    late = now + timedelta(hours=1)
    await asyncio.gather(*(store.claim("left", "print", late) for _ in range(5)))


@case
async def day_keys(large: LargeDatabase) -> None:
    day = large.clock.now().date()
    await DayKeyStore(large.database, large.clock).get_or_create(day)
    await DayKeyStore(large.database, large.clock).find(day)


@case
async def preferences(large: LargeDatabase) -> None:
    store = PreferenceStore(large.database)
    await store.write(agent_id(5), {"theme": "dark"})
    await store.find(agent_id(5))


@case
async def promises(large: LargeDatabase) -> None:
    first, second = (
        PromisedIds(DayKeyStore(large.database, large.clock), large.database, large.clock)
        for _ in range(2)
    )
    promised = await first.promise(new_id(large.clock.now()))
    await second.is_open(promised.new_id)


@case
async def replicas(large: LargeDatabase) -> None:
    store = ReplicaStore(large.database, large.clock)
    await store.renew("another", "http://127.0.0.1", news_form=1)
    await store.all()
    await store.newest_news_form()
    await store.remove("another")


@case
async def turns(large: LargeDatabase) -> None:
    store = TurnStore(large.database)
    turn = Turn("command", number(5), "created", large.clock.now())
    await store.append("key", turn)
    for each in (turn, replace(turn, command_id="later")):
        await asyncio.gather(*(store.append(f"key{number}", each) for number in range(50)))
    await store.open("key", [turn])
    await store.remove("key", "command")


# Routing


@case
async def waiting(large: LargeDatabase) -> None:
    store, now = WaitingStore(large.database), large.clock.now()
    await store.unanswered(now)
    await store.unanswered(now + timedelta(hours=2))
    await store.offered_to(agent_id(0))
    await store.workers()
    await store.worked_on_by([agent_id(at) for at in range(100)])
    await store.untouched(now - timedelta(hours=8))
    await store.untouched(now)
    await store.held()
    assert len(await store.sets_of_needs("sales")) == 2
    async for _ in store.waiting("sales", {"greek:1"}):
        pass
    async for _ in store.waiting("sales", without={"latin:1"}):
        pass


@case
async def passes(large: LargeDatabase) -> None:
    """Pass through a backlog for which nobody is free, and where some are."""
    agents = AgentStore(large.database, large.clock, nobody)
    offers = OfferPass(
        waiting=WaitingStore(large.database),
        interactions=InteractionStore(large.database, large.clock, nobody),
        agents=agents,
        configuration=ConfigurationStore(large.database, large.clock),
        clock=large.clock,
        policy=Policy(),
    )
    for queue in ("support", "sales"):
        async for _ in offers.pass_through(queue):
            pass


@case
async def audits(large: LargeDatabase) -> None:
    agents = AgentStore(large.database, large.clock, nobody)
    await PlaceAudit(waiting=WaitingStore(large.database), agents=agents).audit_places()


@case
async def agents(large: LargeDatabase) -> None:
    store = AgentStore(large.database, large.clock, nobody)
    for asked in (1, 3):
        await asyncio.gather(*(store.get(agent_id(at)) for at in range(asked)))
        await asyncio.gather(*(store.named(agent_id(at)) for at in range(asked)))
    filters: list[Document] = [{}, {"enabled": True}, {"user_name": agent_id(7)}, {"_id": "none"}]
    for wanted in [*filters, {"first_name": "Zoe"}]:
        await store.page(wanted, offset=0, limit=100)
        await store.page(wanted, offset=1_500, limit=100)
        await store.count(wanted)
    await store.skill_names()
    await store.holdings()
    await store.serving("support")
    await store.serving("nowhere")
    await store.set_ready(agent_id(0), ready=True)
    await store.set_ready("nobody", ready=True)
    await store.is_anybody_free(search_of(large, "sales"))
    await store.skills_of_free(search_of(large, "sales"))
    await store.is_anybody_free(search_of(large, "support", english=1))
    await store.hold(agent_id(0), held_id(9))
    await store.release(agent_id(0), held_id(9))
    await store.count_miss(agent_id(0), large.clock.now())
    await store.reset_misses(agent_id(0))
    await store.has_skill("german")
    await store.has_skill("latin")


@case
async def agent_logins(large: LargeDatabase) -> None:
    """Before `mailroom apply` has moved anything, and after."""
    directory = AgentDirectory(large.database, large.clock)
    await _update_gateways(large)
    for _ in range(2):
        store = AgentLoginStore(large.database)
        for asked in (1, 3):
            await asyncio.gather(*(store.get(agent_id(at)) for at in range(asked)))
            await asyncio.gather(*(store.named(agent_id(at)) for at in range(asked)))
        await store.of([agent_id(0), agent_id(1)])
        await store.end(agent_id(0))
        await store.is_readable()
        await directory.count_hashes()
        await directory.move_logins()


@case
async def reservations(large: LargeDatabase) -> None:
    store = AgentStore(large.database, large.clock, nobody)
    wanted: list[tuple[str | None, dict[str, int]]] = [
        ("sales", {}),
        ("sales", {"english": 1}),
        (None, {"english": 1}),
    ]
    for queue, requires in wanted:
        search = replace(search_of(large, queue, **requires), excluded=("nobody",))
        taken = await store.reserve("reserved", search)
        assert taken
        await store.release(taken.agent_id, "reserved")
    for name in ("support", "nowhere"):
        assert await store.reserve("reserved", search_of(large, name)) is None
    only_one = replace(search_of(large, "support"), only=agent_id(1))
    assert await store.reserve("reserved", only_one) is None


@case
async def unheard_of_skills(large: LargeDatabase) -> None:
    store = AgentStore(large.database, large.clock, nobody)
    await store.reserve("reserved", search_of(large, None, latin=1))
    await store.is_anybody_free(search_of(large, "sales", latin=1))


@case
async def nobody_in_reach(large: LargeDatabase) -> None:
    store = AgentStore(large.database, large.clock, nobody)
    later = AgentSearch(large.clock.now() + timedelta(minutes=1), "sales", {})
    assert await store.reserve("reserved", later) is None
    assert not await store.is_anybody_free(later)


@case
async def presence(large: LargeDatabase) -> None:
    store = PresenceStore(large.database, large.clock)
    large.clock.move(timedelta(seconds=1))
    await store.record_connected([])
    await store.record_connected([agent_id(at) for at in range(0, 100, 2)])
    await store.excuse(agent_id(0))
    await store.excused({agent_id(at): large.clock.now() for at in range(100)})
    await store.disconnected(timedelta(0), ready=True)
    await store.disconnected(timedelta(0), ready=False)
    await store.logged_out([agent_id(at) for at in range(100)], timedelta(days=2))


@case
async def leases(large: LargeDatabase) -> None:
    store = LeaseStore(large.database, "us")
    await store.acquire("lease", LEASE)
    await store.release("lease", LEASE)


# Fetching


@case
async def mailboxes(large: LargeDatabase) -> None:
    now, held = large.clock.now(), number(1)
    mailboxes, fetching = MailboxStore(large.database), FolderStore(large.database, "us")
    center = ContactCenter.model_validate(
        {
            "name": "test",
            "queues": [{"name": "support"}],
            "mailboxes": [
                {
                    "address": "new@demo.example",
                    "queue": "support",
                    "fetch": {
                        "imap": {"host": "mail.example", "user_name": "new"},
                        "login": {"password_variable": "PASSWORD"},
                    },
                }
            ],
        }
    )
    await mailboxes.add_described(center, now)
    await mailboxes.get([held, number(2)])
    await mailboxes.order_look([held], now)
    await mailboxes.order_stop([held])
    await mailboxes.order_start([held], now)
    await mailboxes.order_backfill([held], now, now, only_count=True)
    await fetching.free_ones(now, [number(at) for at in range(100)])
    assert await fetching.lease(held, LEASE)
    await fetching.renew(LEASE)
    await fetching.orders()
    backfill = await fetching.backfill(held)
    assert backfill
    await fetching.write_position(held, FolderPosition(1, 1))
    await fetching.write_fetched(held, FolderPosition(1, 2), now, 1)
    await fetching.write_count(held, backfill, 3)
    await fetching.begin_backfill(held, FolderPosition(1, 2), backfill)
    await fetching.write_look(held, now, 1)
    await fetching.clear_fault(held)
    await fetching.write_fault(held, now, Fault("away", "away", "wait"), 1)
    await fetching.give_back([held])
    await KnownMails(large.database).fingerprints(
        "support@demo.example", [f"<{number(at)}@example.org>" for at in (3, 4)]
    )


# Interactions, and what they announce


@case
async def changes(large: LargeDatabase) -> None:
    store = InteractionStore(large.database, large.clock, nobody)
    before = await store.get(number(11))
    await store.get(number(11), with_text=False)
    await store.note_refusal(number(11), _cause())

    def decide(one: Interaction) -> Change:
        return Change(one, [InteractionCompleted.of(one, "")])

    await store.change(number(11), _cause(), decide)
    await store.change(number(11), Cause(), Change)
    await store.change_together([(before, decide(before)), (before, decide(before))])
    stale = replace(before, version=99)
    await store.change_together([(stale, decide(stale))])


@case
async def outboxes(large: LargeDatabase) -> None:
    now = large.clock.now()
    order = wrap(DeliverMail(interaction_id="x"), _cause(), now)
    for name, models in indexes.INDEXES.items():
        if not any(model.document["name"] == "owing" for model in models):
            continue
        collection = large.database[name]
        some = [one["_id"] async for one in collection.find({}, {"_id": 1}, limit=3)]
        await collection.update_many(
            {"_id": {"$in": some}}, {"$push": {"outbox": to_entry(order, now)}}
        )
        outbox = CollectionOutbox(collection, large.clock)
        owed: list[tuple[str, list[Outgoing]]] = []
        async for document_id, messages in outbox.unpublished(now + MOMENT):
            owed.append((document_id, list(messages)))
        published = [(one, [message.id for message in messages]) for one, messages in owed]
        await outbox.postpone(published)
        await outbox.remove(published)


@case
async def threads(large: LargeDatabase) -> None:
    store = ThreadStore(large.database)
    await store.named([])
    await store.named([mail_id(3), mail_id(4), "<nothing@example.org>"])
    speaker = ClaimedSender("stranger@example.org")
    await store.proven(speaker, await store.named([mail_id(3), mail_id(4)]))
    await store.was_sent_on_to([speaker], await _mail(large, number(4)))
    first = await store.page(number(1), after="", limit=2)
    await store.page(number(1), after=first[-1].id, limit=2)


@case
async def thread_tokens(large: LargeDatabase) -> None:
    await ThreadStore(large.database).with_tokens(["abcdefghij234567", "abcdefghij234566"])
    speaker = ClaimedSender("stranger@example.org")
    await ThreadStore(large.database).sent_to(speaker, [number(3), number(4), "nothing"])


@case
async def contacts(large: LargeDatabase) -> None:
    store = ContactStore(large.database, large.clock)
    for name in ("Ann", "Ann Example"):
        await store.meet("new@example.org", name, makes=True)
    await store.meet(f"{number(5)}@example.org", "", makes=False)
    for known in (number(0), number(15)):
        person = await store.get(known)
        first = await store.mails(person, before="", limit=51)
        await store.mails(person, before=first[-1].id, limit=51)
    await store.find(f"{number(7)}@example.org")
    await store.find("unknown@example.org")
    editor = ContactEditor(large.database, store, large.clock)
    await editor.change(number(11), lambda before: replace(before, name="Ann"))
    with suppress(AddressTakenError):
        taken = (f"{number(11)}@example.org", f"{number(12)}@example.org")
        await editor.change(number(11), lambda before: replace(before, addresses=taken))
    await editor.merge(number(11), number(13), "admin")
    await store.meet(f"{number(11)}@example.org", "", makes=False)
    for is_blocked in (True, False):
        await editor.change(number(13), lambda before: before, is_blocked=is_blocked)
    await editor.undo_merge(number(11), "admin")
    # One of whom an earlier release kept nothing but mails.
    await large.database[contact_store.COLLECTION].delete_one({"_id": number(9)})
    await store.get(number(9))


@case
async def reports(large: LargeDatabase) -> None:
    store = ReportStore(large.database)
    report = DeliveryReport(
        number(3), "failed", number(4), number(5), MatchedBy.TOKEN, (), large.clock.now()
    )
    await store.add(report)
    await store.get(report.id)
    await store.prove(report)
    await store.on(report.delivery_id)
    await store.remove(report.id)
    await store.delivery_with_token("abcdefghij234567")
    deliveries = large.database[delivery_store.COLLECTION]
    known = await deliveries.find_one({"state": DeliveryState.SENT.value}) or {}
    to_ann = {"sender": "", "queued_at": BEGAN, "recipients": [{"address": "ann@example.org"}]}
    await deliveries.insert_many([known | to_ann | {"_id": f"automatic{at}"} for at in range(60)])
    await store.deliveries_to(["ann@example.org", "nobody@example.org"], BEGAN)


@case
async def discarded_mails(large: LargeDatabase) -> None:
    store, later = DiscardedMailStore(large.database), large.clock.now() + timedelta(days=400)
    await store.page(after="", limit=10, mailbox="support@demo.example")
    await large.database["interactions"].update_many(
        {"_id": {"$in": [number(at) for at in (31, 32, 33)]}},
        {"$set": {"user_data": {DISCARDED: "spam"}, "state": State.COMPLETED.value}},
    )
    first = await store.page(after="", limit=2)
    await store.page(after=first[-1].id, limit=2)
    assert await store.mark(later, later)
    for mail in await store.marked():
        await store.delete_parts(mail)
        assert await store.delete(mail)


@case
async def copies(large: LargeDatabase) -> None:
    copies = CopyStore(large.database)
    await copies.record(number(3), "another")
    assert await copies.original(number(3), "another")


# What arrives, and what is sent


class _Announcing:
    async def announce_soon(self, *_: object) -> None:
        pass

    def remove_soon(self, *_: object) -> None:
        pass


def _arrivals(large: LargeDatabase) -> ArrivalStore:
    contents = Vault(large.database, large.clock)
    return ArrivalStore(large.database, contents, large.clock, _Announcing())


@case
async def arrivals(large: LargeDatabase) -> None:
    store = _arrivals(large)
    arrival = await store.add(b"Subject: x\r\n\r\n", envelope())
    await store.get(arrival)
    await store.postpone(Arrival(arrival, "", (), "", BEGAN, b""), BEGAN)
    await store.postpone_sweep([arrival])
    await store.raw_size(arrival)
    _ = [piece async for piece in store.raw(arrival)]


@case
async def deliveries(large: LargeDatabase) -> None:
    store = DeliveryStore(large.database, large.clock, nobody)
    fresh = Delivery("new", agent_id(0), "<n@x>", "", (Recipient("a@b.example"),), BEGAN)
    for _ in range(2):
        await store.add(fresh, b"Subject: x\r\n\r\n", _cause())
    for newest in (True, False):
        await store.get("new", newest=newest)
    await store.raw_size("new")
    _ = [piece async for piece in store.raw("new")]
    claim = await store.claim("new", "us", LEASE)
    assert claim
    await store.renew(claim, LEASE)
    await store.offer_dot(claim, claim.delivery.recipients, LEASE)
    sent = Conclusion(DeliveryState.SENT, claim.delivery.recipients, "", BEGAN)
    await store.conclude(claim.delivery, sent)
    for abandoned in (True, False):
        with suppress(ClaimLostError):
            await store.conclude(claim.delivery, sent, abandoned=abandoned)
    await store.cancel("new")


@case
async def deliveries_together(large: LargeDatabase) -> None:
    store = DeliveryStore(large.database, large.clock, nobody)
    names = ["one", "two", "three", "four"]
    for name in names:
        fresh = Delivery(name, agent_id(0), f"<{name}@x>", "", (Recipient("a@b.example"),), BEGAN)
        await store.add(fresh, b"Subject: x\r\n\r\n", _cause())
    claims = await asyncio.gather(*(store.claim(name, f"us {name}", LEASE) for name in names))
    held = [claim for claim in claims if claim]
    held[-1] = replace(held[-1], delivery=replace(held[-1].delivery, claimed_by="another"))
    await asyncio.gather(
        *(store.offer_dot(one, one.delivery.recipients, LEASE) for one in held),
        return_exceptions=True,
    )


@case
async def nothing_due(large: LargeDatabase) -> None:
    store = DeliveryStore(large.database, large.clock, nobody)
    assert [one async for one in store.request_due_attempts()] == []


@case
async def much_due(large: LargeDatabase) -> None:
    large.clock.move(timedelta(minutes=10))
    store = DeliveryStore(large.database, large.clock, nobody)
    assert len([one async for one in store.request_due_attempts()]) >= 100


@case
async def find_uncertain(large: LargeDatabase) -> None:
    store = uncertain_deliveries.UncertainDeliveryStore(large.database, large.clock, nobody)
    in_doubt = [one async for one in store.all()]
    _ = [one async for one in uncertain_deliveries.find_uncertain(large.database)]
    await uncertain_deliveries.count_uncertain(large.database)
    await store.resend(in_doubt[0], _cause())
    await store.resolve(in_doubt[1], sent=True)
    await store.resolve(in_doubt[2], sent=False)
    await uncertain_deliveries.mark_unfinished_uncertain(large.database, large.clock)


@case
async def contents(large: LargeDatabase) -> None:
    store, files = Vault(large.database, large.clock), ChunkedFiles(large.database, large.clock)
    much = b"x" * (IN_ONE_DOCUMENT + 1)

    async def stream(content: bytes) -> AsyncIterator[bytes]:
        yield content

    small = await store.put(b"small")
    await store.put_stream(stream(b"small too"))
    large_one = await store.put(much)
    await store.put(much)
    await store.put_stream(stream(much))
    await store.get(small)
    for ref in (small, large_one):
        _ = [piece async for piece in store.section(ref, 1, 3)]
    later = large.clock.now() + LEASE
    await files.begin("unfinished")
    found = await large.database[vault.COLLECTION].find_one({"_id": large_one.sha256})
    assert found
    await files.doubt(found["upload"])
    await store.forget_unfinished(later)
    await store.forget(large_one.sha256, later)


@case
async def documents(large: LargeDatabase) -> None:
    store = DocumentStore(large.database, large.clock)
    uploads = UploadStore(large.database, large.clock)
    attachment = Attachment("upload", "a.pdf", 1, "application/pdf")
    await store.add("draft", [(attachment, _ref(1))])
    await store.get("upload")
    await store.stored("draft")
    await store.held("draft")
    await uploads.add("draft", attachment, _ref(1))
    await uploads.promise(["upload"])
    held = await uploads.get_and_keep("draft", "upload")
    assert held
    await uploads.pending("draft")
    _ = [one async for one in uploads.unsettled(large.clock.now() + LEASE)]
    await uploads.withdraw(["upload"])
    await uploads.mark_done(["another"])
    await uploads.forget(held.document)
    await uploads.is_referred("nothing")


# What is told


@case
async def journals(large: LargeDatabase) -> None:
    reading = JournalReading(large.database)
    writing = JournalAppender(large.database, large.clock, retention=timedelta(days=30_000))
    await reading.newest(agent_id(0))
    await reading.newest("nobody")
    await reading.span(agent_id(0))
    await reading.after(agent_id(0), 10, limit=20)
    event = Announced("event", agent_id(0), b"{}")
    await writing.append([event])
    entries = await writing.append([event])
    await writing.store_newest(entries)


@case
async def generations(large: LargeDatabase) -> None:
    store = JournalGenerations(large.database, large.clock)
    await store.floor()
    await store.begin_generation()
    witness, now = Witness(large.database), large.clock.now()
    await witness.has_seen_a_restore()
    await contradicts(large.database, witness.testimony(now), now)
    await note_announced(large.database, now)


@case
async def logins(large: LargeDatabase) -> None:
    store = TokenStore(large.database, Sealer(base64.b64encode(b"k" * 32).decode()))
    await store.read("login")
    await store.write_consent("login", "refresh")
    state = LoginState(large.clock.now(), version=1)
    hour, server = timedelta(hours=1), MailServer("smtp", "smtp.example", 587)
    await store.write_granted("login", state, Grant("a", "r", hour, hour, "x"))
    await store.write_refused("login", state, attempt="x", fault="x")
    await store.write_fault("login", state, attempt="x", fault="x", pause=hour)
    await store.write_rejected("login", state, server, attempt="x", fault="x")
    await store.write_taken("login", state, server)


# The operator's


@case
async def configuration(large: LargeDatabase) -> None:
    store = ConfigurationStore(large.database, large.clock)
    await store.write(await store.current())


@case
async def parked(large: LargeDatabase) -> None:
    store = ParkedStore(large.database, large.clock)
    message = ParkedMessage("routing.work", "one", b"", "", "", 1)
    await store.put(message)
    await store.of("routing.work")
    await store.counts()
    await store.discard(message, "why")


@case
async def allowances(large: LargeDatabase) -> None:
    store, until = AllowanceStore(large.database), large.clock.now() + LEASE
    for thing in ("one", "one", "two", "three"):
        await store.admit("all", thing, most=2, until=until)
    await store.used_up(["all", "nothing"], most=2)
    assert await store.is_any_used_up({"nothing": 1, "all": 2})


@case
async def awaited_mails(large: LargeDatabase) -> None:
    store = AwaitedMailStore(large.database, large.clock)
    ids = [f"<{at}@x>" for at in range(300)]
    for thread_id in ("one", "two"):
        await store.expect("ann@example.org", ids, thread_id)
    assert await store.thread_awaiting("Ann+x@example.org", ids) == "one"


@case
async def screens_stored_mails(large: LargeDatabase) -> None:
    stored = StoredMails(large.database)
    arrived = await _arrivals(large).store(b"Message-ID: <u@x>\r\n\r\n", envelope())
    for wanted in (mail_id(3), held_id(0), arrived.arrival.id, "nothing"):
        with suppress(NotPossibleError):
            await stored.named(wanted)
    for arrival_id in await stored.newest(10):
        await stored.arrived(arrival_id)


@case
async def traces(large: LargeDatabase) -> None:
    unread = await _arrivals(large).store(b"Message-ID: <u@x>\r\n\r\n", envelope())
    tracing = MailTrace(large.database)
    for wanted in (
        mail_id(3),
        held_id(0),
        held_id(1),
        "Y" + "0" * 15,
        "Z" + "0" * 15,
        unread.arrival.id,
        "nothing",
    ):
        _ = [line async for line in tracing.lines(wanted)]


@case
async def flow(large: LargeDatabase) -> None:
    await long_waits(large.database, Queue(name="support"), large.clock)
    large.clock.move(timedelta(days=2))
    await long_waits(large.database, Queue(name="support"), large.clock)
    await deferrals(large.database)
    await complete_earlier_mails(large.database)
    earlier = {"$unset": {"searched_text": "", "rank": "", "needs_key": ""}}
    await large.database["interactions"].update_many({"_id": held_id(1)}, earlier)
    assert await complete_earlier_mails(large.database) == 1


@case
async def observations(large: LargeDatabase) -> None:
    observatory = SystemQueries(large.database, large.clock)
    await observatory.write_durably()
    await observatory.owing(timedelta(0))
    for state in (DeliveryState.UNCERTAIN, DeliveryState.FAILED):
        await observatory.deliveries_in(state)
    await observatory.deliveries_overdue(timedelta(0))
    await observatory.unseen(timedelta(0))
    await observatory.has_arrival(number(1))


@case
async def stranded(large: LargeDatabase) -> None:
    work = StrandedWork(large.database, large.clock)
    await work.user_names()
    center = await ConfigurationStore(large.database, large.clock).current()
    await work.find(homes_of(center, await work.disabled()))


@case
async def directory(large: LargeDatabase) -> None:
    """Describe the agents anew; the last case, for it dismisses all others."""
    store = AgentDirectory(large.database, large.clock)
    described = [Agent(user_name=agent_id(0), password_hash=PasswordHasher().hash("x"))]
    await store.described()
    await store.write(described)
    # Once more, as while a gateway runs that is of an earlier release.
    await large.database[LOGINS_OF_AGENTS].delete_many({})
    await large.database[indexes.REPLICAS].update_many({}, {"$unset": {READS_THEM: ""}})
    await store.write(described)


async def _update_gateways(large: LargeDatabase) -> None:
    """Have every gateway be of this release."""
    await large.database[indexes.REPLICAS].update_many({}, {"$set": {READS_THEM: True}})
