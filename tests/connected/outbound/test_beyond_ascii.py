"""Mails and addresses of more than seven bits, and servers that take them or do not."""

import pytest

from services.composition.rendering.renderer import recipients_of, render
from services.outbound.delivery import Deliverer
from shared.contracts.contact_center import SmtpRoute
from shared.contracts.events import DeliveryFailed
from shared.domain.deliveries.delivery import Delivery, DeliveryState
from shared.domain.interaction import Address, Email
from shared.domain.lifecycle import State
from shared.storage.files.vault import IN_ONE_DOCUMENT
from tests.doubles.smtp_server import KeepingServer, running_server
from tests.support.outbound import OCTETS, Outbound

pytestmark = pytest.mark.connected

ANN, JOERG = Address("ann@example.org"), Address("jörg@example.com", "Jörg")
EIGHT_BIT = b"Resent-To: bob@example.org\r\nSubject: x\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
LARGE = b"Subject: x\r\n\r\n" + b"a line like others\r\n" * (IN_ONE_DOCUMENT // 16)


async def sent(outbound: Outbound, server: KeepingServer, raw: bytes, *recipients: str) -> Delivery:
    async def route() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=server.port, tls="none")

    delivering: Deliverer = outbound.another(route=route)
    mail = await outbound.submit(*recipients, raw=raw)
    await delivering.deliver(mail)
    return await outbound.journal(mail)


def written(
    outbound: Outbound, *to: Address, bcc: Address | None = None
) -> tuple[bytes, tuple[str, ...]]:
    mail = Email(
        subject="Grüße",
        sender=Address("support@demo.example"),
        text="Grüße",
        message_id="<1@demo.example>",
        to=to,
        bcc=(bcc,) if bcc else (),
    )
    return render(mail, outbound.backend.clock.now()), recipients_of(mail)


async def test_an_address_beyond_ascii_is_written_to_where_the_server_takes_it(
    outbound: Outbound,
) -> None:
    raw, recipients = written(outbound, JOERG, ANN)

    async with running_server(utf8=True) as server:
        mail = await sent(outbound, server, raw, *recipients)

    assert mail.state is DeliveryState.SENT
    (kept,) = server.kept
    assert kept.rcpt_tos == ["jörg@example.com", "ann@example.org"]
    assert kept.smtp_utf8
    assert "<jörg@example.com>".encode() in (kept.original_content or b"")


async def test_other_recipients_get_utf8_headers_too(outbound: Outbound) -> None:
    raw, _ = written(outbound, JOERG, ANN)

    async with running_server(utf8=True) as server:
        await sent(outbound, server, raw, "ann@example.org")

    assert [one.smtp_utf8 for one in server.kept] == [True]


async def test_no_server_is_asked_for_utf8_without_need(outbound: Outbound) -> None:
    raw, recipients = written(outbound, ANN)

    async with running_server(utf8=True) as server:
        await sent(outbound, server, raw, *recipients)
        await sent(
            outbound, server, b"Subject: Gr\xfc\xdfe in Latin-1\r\n\r\nHello\r\n", *recipients
        )

    assert [one.smtp_utf8 for one in server.kept] == [False, False]


async def test_unsupported_utf8_address_is_reported_to_the_author(outbound: Outbound) -> None:
    raw, recipients = written(outbound, JOERG, ANN)

    async with running_server() as server:
        mail = await sent(outbound, server, raw, *recipients)

    assert (mail.state, server.kept) == (DeliveryState.FAILED, [])
    assert await outbound.state(mail.id) is State.REPLY_CREATED
    reason = (await outbound.backend.next_event(DeliveryFailed)).reason
    assert "jörg@example.com: 553 the mail server takes no addresses beyond ASCII" in reason
    assert "ann@example.org: 554 the mail names an address beyond ASCII" in reason


async def test_a_blind_copy_beyond_ascii_fails_alone(outbound: Outbound) -> None:
    raw, recipients = written(outbound, ANN, bcc=JOERG)

    async with running_server() as server:
        mail = await sent(outbound, server, raw, *recipients)

    assert mail.state is DeliveryState.SENT
    assert mail.reason.startswith("jörg@example.com: 553")
    assert [one.rcpt_tos for one in server.kept] == [["ann@example.org"]]


@pytest.mark.parametrize("raw", [EIGHT_BIT, LARGE + EIGHT_BIT])
async def test_a_mail_of_eight_bits_is_not_given_to_a_server_of_seven(
    outbound: Outbound, raw: bytes
) -> None:
    async with running_server(seven_bit=True) as server:
        mail = await sent(outbound, server, raw)

    assert (mail.state, mail.attempt, server.kept) == (DeliveryState.FAILED, 1, [])
    assert await outbound.state(mail.id) is State.REPLY_CREATED
    assert "takes mail of 7 bits only" in (await outbound.backend.next_event(DeliveryFailed)).reason


@pytest.mark.parametrize("raw", [OCTETS, LARGE])
async def test_a_server_of_seven_bits_gets_what_it_can_take(outbound: Outbound, raw: bytes) -> None:
    async with running_server(seven_bit=True) as server:
        mail = await sent(outbound, server, raw)

    assert (mail.state, len(server.kept)) == (DeliveryState.SENT, 1)


async def test_a_mail_of_eight_bits_is_unchanged_where_the_server_takes_it(
    outbound: Outbound,
) -> None:
    async with running_server() as server:
        mail = await sent(outbound, server, EIGHT_BIT)

    assert mail.state is DeliveryState.SENT
    assert [one.original_content for one in server.kept] == [EIGHT_BIT]


async def test_a_strange_recipient_does_not_get_eight_bits_to_a_server_of_seven(
    outbound: Outbound,
) -> None:
    async with running_server(seven_bit=True) as server:
        mail = await sent(outbound, server, EIGHT_BIT, "jörg@example.com", "ann@example.org")

    assert (mail.state, server.kept) == (DeliveryState.FAILED, [])
    assert "takes mail of 7 bits only" in (await outbound.backend.next_event(DeliveryFailed)).reason
