"""The listeners' answers, and the mail that is stored when they say 250."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from deploy.local.servers.mongodb import LocalMongoDB
from services.ingest.smtp.listeners import listening
from shared.contracts.flood import FloodRules
from shared.intake.flood_bounds import counted_under, sender_bounds
from shared.storage.files.vault import IN_ONE_DOCUMENT
from shared.storage.mails.allowance_store import AllowanceStore
from tests.doubles.listener import listener_settings
from tests.support.backend import CENTER, Backend, open_backend
from tests.support.ingest import MAIL, Ingest, make_arrivals, make_receiver

pytestmark = pytest.mark.connected

SUPPORT = "support@demo.example"


def sending(raw: bytes, *recipients: str) -> Callable[[smtplib.SMTP], tuple[int, bytes]]:
    """Return a conversation that hands a mail in and gives the answer to the final dot."""

    def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
        client.ehlo_or_helo_if_needed()
        client.mail("ann@example.org")
        for recipient in recipients or (SUPPORT,):
            code, words = client.rcpt(recipient)
            if code != 250:
                return code, words
        return client.data(raw)

    return talk


async def arrival_ids(backend: Backend) -> list[str]:
    found = await backend.database["arrivals"].find({}, {"_id": 1}).to_list()
    return [document["_id"] for document in found]


async def test_mail_is_stored_octet_for_octet_when_it_is_accepted(
    backend: Backend, ingest: Ingest
) -> None:
    raw = MAIL + bytes(range(128, 256)) + b"\r\n..dots\r\n" + b"x" * 5_000 + b"\r\n"

    code, words = await ingest.smtp(sending(raw))

    (arrival_id,) = await arrival_ids(backend)
    arrival = await ingest.arrivals.get(arrival_id)
    assert (code, words.split()[-1]) == (250, arrival_id.encode())
    assert arrival.raw.endswith(b"+0000\r\n" + raw)
    assert (arrival.sender, arrival.mailboxes) == ("ann@example.org", (SUPPORT,))


async def test_an_accepted_mail_is_one_line_in_the_log(backend: Backend, ingest: Ingest) -> None:
    raw = b"Subject: secret\r\nMESSAGE-id:\r\n <4711@example.org>\r\n\r\nMessage-ID: <no@x>\r\n"
    with capture_logs() as logs:
        await ingest.smtp(sending(raw))

    (line,) = [one for one in logs if one["event"] == "mail accepted"]
    (arrival_id,) = await arrival_ids(backend)
    assert line.pop("correlation_id")
    assert line == {
        "event": "mail accepted",
        "log_level": "info",
        "arrival_id": arrival_id,
        "message_id": "<4711@example.org>",
        "way": "smtp",
        "peer": "127.0.0.1",
        "sender": "ann@example.org",
        "recipients": [SUPPORT],
        "size": len(raw),
    }


async def test_large_mail_is_stored_octet_for_octet_too(backend: Backend, ingest: Ingest) -> None:
    raw = MAIL + b"0123456789abcdef" * 60 + b"\r\n"
    raw += (b"y" * 900 + b"\r\n") * (IN_ONE_DOCUMENT // 900 + 10)

    assert (await ingest.smtp(sending(raw)))[0] == 250

    (arrival_id,) = await arrival_ids(backend)
    assert (await ingest.arrivals.get(arrival_id)).raw.endswith(b"+0000\r\n" + raw)


async def test_mail_says_where_it_came_from_and_through_whom(
    backend: Backend, ingest: Ingest
) -> None:
    def talk(client: smtplib.SMTP) -> Any:
        client.ehlo("relay.example")
        return sending(MAIL)(client)

    await ingest.smtp(talk)

    (arrival_id,) = await arrival_ids(backend)
    trace = (await ingest.arrivals.get(arrival_id)).raw.removesuffix(MAIL)
    assert trace == (
        b"Return-Path: <ann@example.org>\r\n"
        b"Received: from relay.example ([127.0.0.1])\r\n"
        b"\tby mailroom with ESMTP\r\n\tfor <support@demo.example>;\r\n"
        b"\tMon, 02 Mar 2026 09:00:00 +0000\r\n"
    )


@pytest.mark.parametrize(
    "address",
    [
        "nobody@demo.example",
        "somebody@bank.example",
        "support%bank.example@demo.example",
        "somebody@bank.example@demo.example",
        '"somebody@bank.example"@elsewhere.example',
    ],
)
async def test_foreign_recipient_is_refused(backend: Backend, ingest: Ingest, address: str) -> None:
    code, _ = await ingest.smtp(sending(MAIL, address))

    assert code in (550, 553)
    assert await arrival_ids(backend) == []


async def test_a_tagged_address_is_the_mailbox(backend: Backend, ingest: Ingest) -> None:
    await ingest.smtp(sending(MAIL, "Support+Spring@DEMO.example"))

    (arrival_id,) = await arrival_ids(backend)
    assert (await ingest.arrivals.get(arrival_id)).mailboxes == (SUPPORT,)


async def test_too_large_is_refused_when_it_is_announced(ingest: Ingest) -> None:
    def talk(client: smtplib.SMTP) -> int:
        client.ehlo()
        return client.mail("ann@example.org", ["SIZE=3000000"])[0]

    assert await ingest.smtp(talk) == 552


async def test_too_large_is_refused_when_it_is_counted(backend: Backend, ingest: Ingest) -> None:
    code, _ = await ingest.smtp(sending(MAIL + (b"z" * 900 + b"\r\n") * 2_500))

    assert code == 552
    assert await arrival_ids(backend) == []


async def test_a_mail_in_a_loop_is_refused(backend: Backend, ingest: Ingest) -> None:
    code, _ = await ingest.smtp(sending(b"Received: from a by b\r\n" * 101 + MAIL))

    assert code == 554
    assert await arrival_ids(backend) == []


async def test_mail_of_a_flood_is_answered_451(backend: Backend, ingest: Ingest) -> None:
    flood = FloodRules(mailbox=1, then="defer")
    await backend.configuration.write(CENTER.model_copy(update={"flood": flood}))
    (bound,) = sender_bounds(flood, "", is_proven=False)
    name = counted_under(SUPPORT, bound, backend.clock.now())
    end = backend.clock.now() + timedelta(hours=1)
    await AllowanceStore(backend.database).admit(name, "one", most=1, until=end)

    code, words = await ingest.smtp(sending(MAIL))

    assert (code, words.split()[0]) == (451, b"4.7.1")
    assert await arrival_ids(backend) == []


async def test_a_line_of_64_kilobytes_is_taken(ingest: Ingest) -> None:
    assert (await ingest.smtp(sending(MAIL + b"x" * 60_000 + b"\r\n")))[0] == 250


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r"])
async def test_only_crlf_dot_crlf_ends_a_mail(backend: Backend, ingest: Ingest, end: bytes) -> None:
    smuggled = MAIL + b"text" + end + b"MAIL FROM:<x@y>\r\nRCPT TO:<support@demo.example>\r\n"

    def talk(client: smtplib.SMTP) -> Any:
        client.ehlo()
        client.mail("ann@example.org")
        client.rcpt(SUPPORT)
        client.docmd("DATA")
        client.send(smuggled + b"\r\n.\r\n")
        return client.getreply()

    await ingest.smtp(talk)

    assert len(await arrival_ids(backend)) <= 1


async def test_lmtp_answers_once_for_each_recipient(backend: Backend, ingest: Ingest) -> None:
    def talk(client: smtplib.SMTP) -> list[int]:
        client.ehlo()
        client.mail("ann@example.org")
        client.rcpt(SUPPORT)
        client.rcpt("sales@demo.example")
        client.docmd("DATA")
        client.send(MAIL + b".\r\n")
        return [client.getreply()[0], client.getreply()[0]]

    assert await ingest.lmtp(talk) == [250, 250]
    (arrival_id,) = await arrival_ids(backend)
    assert (await ingest.arrivals.get(arrival_id)).mailboxes == (SUPPORT, "sales@demo.example")


async def test_lmtp_refuses_once_for_each_recipient_too(backend: Backend, ingest: Ingest) -> None:
    def talk(client: smtplib.SMTP) -> list[int]:
        client.ehlo()
        client.mail("ann@example.org")
        client.rcpt(SUPPORT)
        client.rcpt("sales@demo.example")
        client.docmd("DATA")
        client.send(MAIL + (b"z" * 900 + b"\r\n") * 2_500 + b".\r\n")
        return [client.getreply()[0], client.getreply()[0], client.noop()[0]]

    assert await ingest.lmtp(talk) == [552, 552, 250]
    assert await arrival_ids(backend) == []


@pytest.mark.parametrize("where", ["rcpt", "data"])
async def test_internal_error_gets_a_temporary_reply(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("a secret of the house")

    if where == "rcpt":
        monkeypatch.setattr(type(backend.configuration), "current", fail)
    else:
        monkeypatch.setattr(ingest.arrivals, "store", fail)
        monkeypatch.setattr(ingest.arrivals, "add", fail)

    def talk(client: smtplib.SMTP) -> tuple[tuple[int, bytes], int]:
        return sending(MAIL)(client), client.docmd("MAIL FROM:<ann@example.org>")[0]

    (code, words), afterwards = await ingest.smtp(talk)

    assert (code, b"secret" in words) == (451, False)
    assert afterwards == (250 if where == "data" else 503)


async def test_a_line_without_end_ends_the_session(ingest: Ingest) -> None:
    def talk(client: smtplib.SMTP) -> str:
        client.ehlo()
        client.mail("ann@example.org")
        client.rcpt(SUPPORT)
        client.docmd("DATA")
        try:
            for _ in range(1_000):
                client.send(b"x" * 65_536)
        except smtplib.SMTPServerDisconnected:
            return "sent away"
        return "still listened to"

    assert await ingest.smtp(talk) == "sent away"


async def test_session_above_the_limit_gets_a_temporary_reply(backend: Backend) -> None:
    settings = listener_settings(most_sessions=1)
    receiver = make_receiver(backend, settings, make_arrivals(backend))
    async with listening(receiver, settings):
        ingest = Ingest(settings, make_arrivals(backend), parsing=None, outbox_publisher=None)  # type: ignore[arg-type]

        def talk(client: smtplib.SMTP) -> int:
            client.ehlo()
            with pytest.raises(smtplib.SMTPConnectError) as caught:
                smtplib.SMTP("127.0.0.1", settings.smtp_port)
            return caught.value.smtp_code

        assert await ingest.smtp(talk) == 421


async def test_a_store_that_does_not_answer_makes_the_sender_come_back(
    vhost_url: str, private_mongodb: LocalMongoDB
) -> None:
    async with open_backend(vhost_url, private_mongodb.url) as backend:
        settings = listener_settings(storing=0.5)
        receiver = make_receiver(backend, settings, make_arrivals(backend))
        async with listening(receiver, settings):
            ingest = Ingest(settings, make_arrivals(backend), parsing=None, outbox_publisher=None)  # type: ignore[arg-type]

            def talk(client: smtplib.SMTP) -> int:
                client.ehlo()
                client.mail("ann@example.org")
                client.rcpt(SUPPORT)
                private_mongodb.suspend()
                try:
                    return client.data(MAIL)[0]
                finally:
                    private_mongodb.resume()

            assert await ingest.smtp(talk) == 451
            assert (await ingest.smtp(sending(MAIL)))[0] == 250
