"""One question about a mail is answered from the data: received, where, sent."""

from collections.abc import Sequence

import pytest

from services.console.commands.trace import trace
from services.console.exit_codes import NotPossibleError
from shared.contracts.envelope import Cause
from shared.domain.clock import SystemClock
from shared.domain.deliveries.delivery import Conclusion, DeliveryState, Recipient, RecipientState
from shared.domain.lifecycle import Direction, State
from shared.storage.database.client import Database
from shared.storage.files.vault import IN_ONE_DOCUMENT, Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails import arrival_store
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery
from shared.storage.parked_messages import ParkedMessage, ParkedStore
from tests.support.ingest import envelope
from tests.unit.domain.examples import inbound

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("settings")]

CLOCK = SystemClock()
RAW = b"Message-ID: <1@example.org>\r\nSubject: secret\r\n\r\nHello\r\n"


class SilentPublisher:
    """Announces nothing."""

    async def announce_soon(self, _document_id: str, _owed: object) -> None:
        """Leave the order where it is."""

    def remove_soon(self, _document_id: str, _message_ids: Sequence[str]) -> None:
        """Strike nothing."""


async def nobody_listens(_: str, __: object) -> None:
    """Announce nothing: these tests are about what is stored."""


async def arrive(opened: Database, raw: bytes = RAW) -> str:
    store = ArrivalStore(opened, Vault(opened, CLOCK), CLOCK, SilentPublisher())
    return await store.add(raw, envelope(sender="ann@example.org"))


async def test_a_mail_is_followed_from_its_arrival_to_its_answer(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = await arrive(opened)
    interactions = InteractionStore(opened, CLOCK, nobody_listens)
    mail = inbound(id="MAIL1", arrival_id=arrival, state=State.ACCEPTED, owner_id="ann")
    await interactions.add(mail, Cause(), [])
    reply = inbound(
        id="REPLY1", direction=Direction.OUTBOUND, state=State.SENDING, parent_id="MAIL1"
    )
    await interactions.add(reply, Cause(), [])
    await deliver(opened, "451 4.7.1 greylisted")

    await trace("1@example.org")

    out = capsys.readouterr().out
    assert f"arrival {arrival}: received" in out
    assert "from 192.0.2.1 by SMTP, sender <ann@example.org>, for support@demo.example" in out
    assert "MAIL1: Inbound, accepted in queue support, with ann" in out
    assert "MAIL1: has the answer or successor REPLY1" in out
    assert "REPLY1: delivery DEFERRED of <reply@demo.example>" in out
    assert "DEFERRED, 451 4.7.1 greylisted" in out
    assert "secret" not in out


async def deliver(opened: Database, reason: str) -> None:
    deliveries, now = DeliveryStore(opened, CLOCK, nobody_listens), CLOCK.now()
    new = new_delivery(
        interaction_id="REPLY1",
        agent_id="ann",
        message_id="<reply@demo.example>",
        sender="support@demo.example",
        recipients=["ann@example.org"],
        now=now,
    )
    await deliveries.add(new, RAW, Cause())
    found = await opened["deliveries"].find_one_and_update(
        {"_id": "REPLY1"}, {"$set": {"state": DeliveryState.CLAIMED.value, "claimed_by": "test"}}
    )
    claimed = await deliveries.get("REPLY1")
    assert found
    assert claimed
    waiting = (Recipient("ann@example.org", RecipientState.DEFERRED),)
    await deliveries.conclude(
        claimed, Conclusion(DeliveryState.DEFERRED, waiting, reason, now, next_attempt_at=now)
    )


async def test_unparsed_mail_is_shown_as_received(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = await arrive(opened)

    await trace("<1@example.org>")

    assert f"arrival {arrival}: received" in (out := capsys.readouterr().out)
    assert out.endswith("not read yet, ingest will\n")


async def test_large_unparsed_mail_is_found(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = await arrive(opened, RAW + b"x" * IN_ONE_DOCUMENT)

    await trace("<1@example.org>")

    assert f"arrival {arrival}: received" in capsys.readouterr().out


async def test_unparsed_answer_is_not_its_original(opened: Database) -> None:
    await arrive(
        opened, b"Message-ID: <2@example.org>\r\nIn-Reply-To: <1@example.org>\r\n\r\nHi\r\n"
    )

    with pytest.raises(NotPossibleError, match=r"nothing is known of <1@example\.org>"):
        await trace("<1@example.org>")


async def test_a_mail_that_was_read_and_became_nothing_is_found(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = await arrive(opened)
    await opened[arrival_store.COLLECTION].update_one({"_id": arrival}, {"$set": {"outbox": []}})

    await trace("<1@example.org>")

    out = capsys.readouterr().out
    assert f"arrival {arrival}: received" in out
    assert out.endswith(f"became no interaction: `mailroom parse {arrival}` reads it again\n")


def parked_message(queue: str, about: str) -> ParkedMessage:
    correlation = str(Cause.about(about).correlation_id)
    return ParkedMessage(queue, f"of-{about}", b"{}", correlation, "KeyError: 'x'", 3, CLOCK.now())


async def test_parked_message_of_a_mail_is_shown(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = await arrive(opened)
    store = ParkedStore(opened, CLOCK)
    await store.put(parked_message("ingest.work", arrival))
    await store.put(parked_message("ingest.work", "another"))

    await trace("<1@example.org>")

    out = capsys.readouterr().out
    assert f"arrival {arrival}: received" in out
    assert f"{arrival}: parked by ingest.work since " in out
    assert "tried 3 times: KeyError: 'x'" in out
    assert f"`mailroom replay ingest.work --id of-{arrival}`" in out
    assert "another" not in out


async def test_discarded_command_is_shown(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    interactions = InteractionStore(opened, CLOCK, nobody_listens)
    await interactions.add(inbound(id="MAIL1", state=State.ACCEPTED, owner_id="ann"), Cause(), [])
    message, store = parked_message("routing.work", "MAIL1"), ParkedStore(opened, CLOCK)
    await store.put(message)
    await store.discard(message, "it was a test")

    await trace("MAIL1")

    out = capsys.readouterr().out
    assert "MAIL1: thrown away " in out
    assert "because it was a test; it was parked by routing.work" in out


async def test_trace_of_an_unknown_mail_finds_nothing() -> None:
    with pytest.raises(NotPossibleError, match=r"nothing is known of <2@example\.org>"):
        await trace("<2@example.org>")
