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
from shared.domain.delivery import DeliveryState, RecipientState
from shared.domain.lifecycle import State
from tests.doubles.smtp_sink import Manner, answering
from tests.support.outbound import Post

pytestmark = pytest.mark.connected

HOUR = timedelta(hours=1)
_ENDLESS_WORDS = "\r\n".join(["550-" + "x" * 7_000] * 3 + ["550 " + "x" * 7_000])


async def _resending(post: Post) -> SmtpRoute:
    return (await post.stores.route()).model_copy(update={"when_uncertain": "resend"})


async def test_a_yes_in_latin_1_is_a_yes(post: Post) -> None:
    post.sink.encoding = "latin-1"
    post.sink.manners = [Manner(after_dot="250 Nachricht übernommen")]
    delivering = post.another(route=lambda: _resending(post))

    mail = await post.submit()
    await delivering.deliver(mail)
    post.later(HOUR)
    await delivering.deliver(mail)

    assert (await post.journal(mail)).state is DeliveryState.SENT
    assert await post.state(mail) is State.SENT
    assert len(post.sink.kept) == 1


async def test_refusal_in_latin_1_reaches_the_author(post: Post) -> None:
    post.sink.encoding = "latin-1"
    post.sink.manners = [Manner(every_rcpt="550 Empfänger unbekannt")]

    mail = await post.delivered()

    assert mail.state is DeliveryState.FAILED
    assert await post.state(mail.id) is State.REPLY_CREATED
    told = await post.world.hear(DeliveryFailed)
    assert told.reason == "ann@example.org: 550 Empf\N{REPLACEMENT CHARACTER}nger unbekannt"


async def test_refusal_in_latin_1_delays_no_other_mail(post: Post) -> None:
    post.sink.encoding = "latin-1"
    post.sink.manners = [answering({"bob@example.org": "550 Empfänger unbekannt"})]

    mail = await post.delivered("ann@example.org", "bob@example.org", "eve@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.recipients for one in post.sink.kept] == [("ann@example.org", "eve@example.org")]


async def test_a_thousand_long_refusals_fit_into_a_document(post: Post) -> None:
    strangers = [f"nobody{number}@example.org" for number in range(1_000)]
    post.sink.manners = [answering(dict.fromkeys(strangers, _ENDLESS_WORDS))]

    mail = await post.delivered("ann@example.org", *strangers)

    assert mail.state is DeliveryState.SENT
    assert len((await post.world.hear(MailSent)).reason) <= 500
    found = await post.world.database["deliveries"].find_one({"_id": mail.id})
    assert len(encode(found or {})) < 2_000_000


async def test_unstorable_reply_text_still_concludes_the_delivery(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unstorable(code: int, _words: str) -> Reply:
        return Reply(code, "\udcfc")

    monkeypatch.setattr(outbound_session, "reply_of", unstorable)
    post.sink.manners = [answering({"bob@example.org": "550 unknown"})]

    mail = await post.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.state for one in mail.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.FAILED,
    ]
    assert len(post.sink.kept) == 1


@pytest.mark.parametrize("surplus", ["250 surplus", "550 surplus", "25", "\x00"])
async def test_a_surplus_line_refuses_no_later_recipient(post: Post, surplus: str) -> None:
    post.sink.manners = [answering({"ann@example.org": f"250 taken\r\n{surplus}"})]

    mail = await post.delivered("ann@example.org", "bob@example.org")
    post.later(HOUR)
    await post.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.DEFERRED
    assert (await post.journal(mail.id)).state is DeliveryState.SENT
    assert [one.recipients for one in post.sink.kept] == [("ann@example.org", "bob@example.org")]


async def test_a_surplus_line_after_the_last_yes_ends_the_connection(post: Post) -> None:
    post.sink.manners = [Manner(after_dot="250 taken\r\n550 surplus")]

    first, second = await post.delivered(), await post.delivered()

    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    assert (len(post.sink.kept), post.sink.connections) == (2, 2)


async def test_words_not_asked_for_end_a_resting_connection(post: Post) -> None:
    await post.delivered()
    await post.sink.say_unasked("421 4.3.2 going down")
    await post.sink.left()

    second = await post.delivered()

    assert second.state is DeliveryState.SENT
    assert post.sink.connections == 2


@pytest.mark.parametrize("words", ["250-more\r\n" * 5_000, "250 " + "x" * 40_000])
async def test_a_reply_without_end_is_given_up(post: Post, words: str) -> None:
    post.sink.manners = [Manner(mail=words)]

    mail = await asyncio.wait_for(post.delivered(), 15)

    assert mail.state is DeliveryState.DEFERRED
    assert post.sink.kept == []


async def test_reply_whose_rest_does_not_come_is_given_up(hasty_post: Post) -> None:
    hasty_post.sink.manners = [Manner(mail="250-")]

    mail = await asyncio.wait_for(hasty_post.delivered(), 15)

    assert mail.state is DeliveryState.DEFERRED
    assert hasty_post.sink.kept == []


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


async def test_words_before_tls_begins_end_the_connection(post: Post) -> None:
    async with _injecting_server() as (port, heard):

        async def route() -> SmtpRoute:
            return SmtpRoute(host="127.0.0.1", port=port, tls="starttls")

        mail = await post.submit()
        await post.another(route=route).deliver(mail)

        assert await asyncio.wait_for(heard, 10) == b""
    assert (await post.journal(mail)).state is DeliveryState.DEFERRED
