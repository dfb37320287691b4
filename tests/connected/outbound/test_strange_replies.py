"""A next server whose words are not UTF-8, without end, too many, or not asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from bson import encode

from services.outbound.smtp import smtp_session as outbound_session
from services.outbound.smtp.transmission import Reply
from shared.contracts.contact_center import SmtpRoute
from shared.contracts.events import DeliveryFailed, MailSent
from shared.domain.deliveries.delivery import DeliveryState, RecipientState
from shared.domain.lifecycle import State
from tests.doubles.smtp_sink import Behavior, answering
from tests.support.outbound import Outbound

pytestmark = pytest.mark.connected

HOUR = timedelta(hours=1)
_ENDLESS_WORDS = "\r\n".join(["550-" + "x" * 7_000] * 3 + ["550 " + "x" * 7_000])


async def _resending(outbound: Outbound) -> SmtpRoute:
    return (await outbound.stores.route()).model_copy(update={"when_uncertain": "resend"})


async def test_a_yes_in_latin_1_is_a_yes(outbound: Outbound) -> None:
    outbound.sink.encoding = "latin-1"
    outbound.sink.behaviors = [Behavior(after_dot="250 Nachricht übernommen")]
    delivering = outbound.another(route=lambda: _resending(outbound))

    mail = await outbound.submit()
    await delivering.deliver(mail)
    outbound.later(HOUR)
    await delivering.deliver(mail)

    assert (await outbound.journal(mail)).state is DeliveryState.SENT
    assert await outbound.state(mail) is State.SENT
    assert len(outbound.sink.kept) == 1


async def test_refusal_in_latin_1_reaches_the_author(outbound: Outbound) -> None:
    outbound.sink.encoding = "latin-1"
    outbound.sink.behaviors = [Behavior(every_rcpt="550 Empfänger unbekannt")]

    mail = await outbound.delivered()

    assert mail.state is DeliveryState.FAILED
    assert await outbound.state(mail.id) is State.REPLY_CREATED
    told = await outbound.backend.next_event(DeliveryFailed)
    assert told.reason == "ann@example.org: 550 Empf\N{REPLACEMENT CHARACTER}nger unbekannt"


async def test_refusal_in_latin_1_delays_no_other_mail(outbound: Outbound) -> None:
    outbound.sink.encoding = "latin-1"
    outbound.sink.behaviors = [answering({"bob@example.org": "550 Empfänger unbekannt"})]

    mail = await outbound.delivered("ann@example.org", "bob@example.org", "eve@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.recipients for one in outbound.sink.kept] == [
        ("ann@example.org", "eve@example.org")
    ]


async def test_a_thousand_long_refusals_fit_into_a_document(outbound: Outbound) -> None:
    strangers = [f"nobody{number}@example.org" for number in range(1_000)]
    outbound.sink.behaviors = [answering(dict.fromkeys(strangers, _ENDLESS_WORDS))]

    mail = await outbound.delivered("ann@example.org", *strangers)

    assert mail.state is DeliveryState.SENT
    assert len((await outbound.backend.next_event(MailSent)).reason) <= 500
    found = await outbound.backend.database["deliveries"].find_one({"_id": mail.id})
    assert len(encode(found or {})) < 2_000_000


async def test_unstorable_reply_text_still_concludes_the_delivery(
    outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unstorable(code: int, _words: str) -> Reply:
        return Reply(code, "\udcfc")

    monkeypatch.setattr(outbound_session, "reply_of", unstorable)
    outbound.sink.behaviors = [answering({"bob@example.org": "550 unknown"})]

    mail = await outbound.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.state for one in mail.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.FAILED,
    ]
    assert len(outbound.sink.kept) == 1


@pytest.mark.parametrize("surplus", ["250 surplus", "550 surplus", "25", "\x00"])
async def test_a_surplus_line_refuses_no_later_recipient(outbound: Outbound, surplus: str) -> None:
    outbound.sink.behaviors = [answering({"ann@example.org": f"250 taken\r\n{surplus}"})]

    mail = await outbound.delivered("ann@example.org", "bob@example.org")
    outbound.later(HOUR)
    await outbound.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.DEFERRED
    assert (await outbound.journal(mail.id)).state is DeliveryState.SENT
    assert [one.recipients for one in outbound.sink.kept] == [
        ("ann@example.org", "bob@example.org")
    ]


async def test_a_surplus_line_after_the_last_yes_ends_the_connection(outbound: Outbound) -> None:
    outbound.sink.behaviors = [Behavior(after_dot="250 taken\r\n550 surplus")]

    first, second = await outbound.delivered(), await outbound.delivered()

    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    assert (len(outbound.sink.kept), outbound.sink.connections) == (2, 2)


async def test_words_not_asked_for_end_a_resting_connection(outbound: Outbound) -> None:
    await outbound.delivered()
    await outbound.sink.say_unasked("421 4.3.2 going down")
    await outbound.sink.left()

    second = await outbound.delivered()

    assert second.state is DeliveryState.SENT
    assert outbound.sink.connections == 2


@pytest.mark.parametrize("words", ["250-more\r\n" * 5_000, "250 " + "x" * 40_000])
async def test_a_reply_without_end_is_given_up(outbound: Outbound, words: str) -> None:
    outbound.sink.behaviors = [Behavior(mail=words)]

    mail = await asyncio.wait_for(outbound.delivered(), 15)

    assert mail.state is DeliveryState.DEFERRED
    assert outbound.sink.kept == []


async def test_reply_whose_rest_does_not_come_is_given_up(hasty_outbound: Outbound) -> None:
    hasty_outbound.sink.behaviors = [Behavior(mail="250-")]

    mail = await asyncio.wait_for(hasty_outbound.delivered(), 15)

    assert mail.state is DeliveryState.DEFERRED
    assert hasty_outbound.sink.kept == []


@asynccontextmanager
async def _injecting_server() -> AsyncIterator[tuple[int, "asyncio.Future[bytes]"]]:
    """Give a server that says more than 220 before TLS, and what it is told after that."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 next.example\r\n")
        await reader.readline()
        writer.write(b"250-next.example\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go on\r\n250 injected\r\n")
        heard.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def test_words_before_tls_begins_end_the_connection(outbound: Outbound) -> None:
    async with _injecting_server() as (port, heard):

        async def route() -> SmtpRoute:
            return SmtpRoute(host="127.0.0.1", port=port, tls="starttls")

        mail = await outbound.submit()
        await outbound.another(route=route).deliver(mail)

        assert await asyncio.wait_for(heard, 10) == b""
    assert (await outbound.journal(mail)).state is DeliveryState.DEFERRED
