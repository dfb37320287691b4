"""Arrivals become interactions."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from services.ingest.parser.isolated_parser import IsolatedParser, ParserKilledError
from shared.contracts.commands import ParseMail
from shared.contracts.events import InteractionReceived
from shared.domain.errors import Unavailable
from shared.domain.interaction import Address, Interaction
from shared.domain.lifecycle import State
from shared.mail.parsed_mail import ParsedMail
from shared.mail.parsing.parser import parse_mail
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import MAIL, Ingest, envelope

pytestmark = pytest.mark.connected


async def arrive(
    ingest: Ingest, raw: bytes, *mailboxes: str, sender: str = "ann@example.org"
) -> str:
    return await ingest.arrivals.add(raw, envelope(*mailboxes, sender=sender))


async def parsed(
    backend: Backend, ingest: Ingest, raw: bytes, *mailboxes: str, sender: str = "ann@example.org"
) -> list[Interaction]:
    """Return the interactions of a mail that arrives now."""
    arrival_id = await arrive(ingest, raw, *mailboxes, sender=sender)
    await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
    found = backend.database["interactions"].find({"arrival_id": arrival_id}, {"_id": 1})
    return [await backend.interactions.get(one["_id"]) for one in await found.to_list()]


async def test_a_mail_waits_in_the_queue_of_its_mailbox(backend: Backend, ingest: Ingest) -> None:
    (interaction,) = await parsed(backend, ingest, MAIL, "sales@demo.example")

    assert (interaction.state, interaction.queue) == (State.QUEUED, "sales")
    assert interaction.mail.text == "Hello"
    assert interaction.user_data["FromAddress"] == "ann@example.org"
    assert interaction.thread_id == interaction.id


async def test_a_mail_of_twenty_megabytes_of_text_waits_like_any_other(
    backend: Backend, ingest: Ingest
) -> None:
    line = b"A line of a log that somebody pasted into a mail.\r\n"

    (interaction,) = await parsed(backend, ingest, MAIL + line * 400_000)

    assert interaction.mail.text.startswith("Hello\nA line of a log")
    assert [one.name for one in interaction.mail.attachments] == ["mail.eml"]


async def test_a_mail_to_two_mailboxes_waits_in_both(backend: Backend, ingest: Ingest) -> None:
    both = ("support@demo.example", "sales@demo.example")

    interactions = await parsed(backend, ingest, MAIL, *both)

    assert sorted(one.queue for one in interactions) == ["sales", "support"]


async def test_a_command_that_comes_twice_makes_one_interaction(
    backend: Backend, ingest: Ingest
) -> None:
    arrival_id = await arrive(ingest, MAIL)

    for _ in range(2):
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())

    assert await backend.database["interactions"].count_documents({}) == 1
    assert "copies" not in (await backend.database["interactions"].find_one({}) or {})


async def test_the_same_mail_again_is_noted_on_the_first(backend: Backend, ingest: Ingest) -> None:
    (first,) = await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL)

    again = await parsed(backend, ingest, b"Received: by other\r\nMessage-ID: <1@x>\r\n" + MAIL)

    assert again == []
    assert len((await backend.newest("interactions", first.id))["copies"]) == 1


async def test_only_so_many_copies_of_a_mail_are_noted(backend: Backend, ingest: Ingest) -> None:
    (first,) = await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL)
    noted = {"$set": {"copies": [str(number) for number in range(100)]}}
    await backend.database["interactions"].update_one({"_id": first.id}, noted)

    await parsed(backend, ingest, b"Received: by other\r\nMessage-ID: <1@x>\r\n" + MAIL)

    assert len((await backend.newest("interactions", first.id))["copies"]) == 100


async def test_a_mail_leaves_room_in_its_user_data_for_agents(
    backend: Backend, ingest: Ingest
) -> None:
    everybody = ",\r\n ".join(f"{number:09}@example.org" for number in range(500))
    headers = f"To: {everybody}\r\nSubject: {'x ' * 5_000}\r\nContent-Type: text/plain"

    (interaction,) = await parsed(backend, ingest, f"{headers}\r\n\r\nHello".encode())

    assert all(len(str(value)) <= 1000 for value in interaction.user_data.values())
    assert len(interaction.mail.subject) == 998
    assert len(interaction.mail.to) == 500


async def test_the_same_id_on_another_text_is_another_mail(
    backend: Backend, ingest: Ingest
) -> None:
    await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL)

    assert len(await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL + b"More\r\n")) == 1


@pytest.mark.parametrize(
    "header", [b"In-Reply-To: <1@x>\r\n", b"References: <0@x> <1@x> <unknown@x>\r\n"]
)
async def test_an_answer_joins_the_thread(backend: Backend, ingest: Ingest, header: bytes) -> None:
    (root,) = await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL)

    (answer,) = await parsed(backend, ingest, b"Message-ID: <2@x>\r\n" + header + MAIL)

    assert (answer.thread_id, answer.parent_id) == (root.id, root.id)
    assert answer.subtype == "InboundCustomerReply"


async def test_unparsable_mail_becomes_an_interaction(backend: Backend, ingest: Ingest) -> None:
    bomb = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 20_000

    (interaction,) = await parsed(backend, ingest, bomb)

    (attachment,) = interaction.mail.attachments
    assert (attachment.media_type, attachment.size) == ("message/rfc822", len(bomb))
    assert interaction.mail.warnings == ("unparsed",)
    assert interaction.state is State.QUEUED


@pytest.mark.parametrize("sender", ["", "<>"])
async def test_a_mail_from_nobody_is_from_nobody(
    backend: Backend, ingest: Ingest, sender: str
) -> None:
    (interaction,) = await parsed(backend, ingest, b"Subject: x\r\n\r\nHi", sender=sender)

    assert interaction.mail.sender == Address("")
    assert interaction.user_data["FromAddress"] == ""


async def test_warnings_of_the_parser_are_stored(backend: Backend, ingest: Ingest) -> None:
    encrypted = b"Content-Type: application/pgp-encrypted\r\n" + MAIL

    (interaction,) = await parsed(backend, ingest, encrypted)

    assert interaction.mail.warnings == ("encrypted",)


async def test_new_words_are_stored_as_sections(backend: Backend, ingest: Ingest) -> None:
    (interaction,) = await parsed(backend, ingest, MAIL + b"\r\nOn 3 Mar Bob wrote:\r\n> Hi\r\n")

    text = interaction.mail.text
    assert [(one.kind, text[one.start : one.end]) for one in interaction.mail.sections] == [
        ("new", "Hello\n\n"),
        ("attribution", "On 3 Mar Bob wrote:\n"),
        ("quoted", "> Hi"),
    ]


async def test_verdict_of_a_trusted_server_is_stored(backend: Backend, ingest: Ingest) -> None:
    await backend.configuration.write(
        CENTER.model_copy(update={"trusted_authentication": ("mx.demo.example",)})
    )
    judged = b"Authentication-Results: mx.demo.example; dmarc=fail header.from=example.org\r\n"

    (refused,) = await parsed(backend, ingest, judged + MAIL)
    (unjudged,) = await parsed(backend, ingest, b"Authentication-Results: x; dmarc=pass\r\n" + MAIL)

    assert refused.mail.authenticated is False
    assert refused.mail.authentication == "DMARC failed for example.org"
    assert refused.mail.warnings == ("sender-not-proven",)
    assert unjudged.mail.authenticated is None


async def test_mail_without_attachments_orders_no_extraction(
    backend: Backend, ingest: Ingest
) -> None:
    (interaction,) = await parsed(backend, ingest, MAIL)

    owed = (await backend.newest("interactions", interaction.id))["outbox"]
    assert {entry["key"] for entry in owed} <= {f"{InteractionReceived.address}.all"}


async def test_an_answer_joins_the_thread_of_the_mailbox_that_it_comes_to(
    backend: Backend, ingest: Ingest
) -> None:
    both = ("support@demo.example", "sales@demo.example")
    first = await parsed(backend, ingest, b"Message-ID: <1@x>\r\n" + MAIL, *both)

    answers = [
        (await parsed(backend, ingest, b"In-Reply-To: <1@x>\r\n" + MAIL + name.encode(), name))[0]
        for name in both
    ]

    threads = {one.mailbox: one.thread_id for one in first}
    assert [one.thread_id for one in answers] == [threads[name] for name in both]


async def test_mail_of_too_many_uuencoded_files_is_its_own_attachment(
    backend: Backend, ingest: Ingest
) -> None:
    raw = MAIL + b"begin 644 x\n!80\n`\nend\n" * 2_000

    (interaction,) = await parsed(backend, ingest, raw)

    assert [(one.name, one.size) for one in interaction.mail.attachments] == [
        ("mail.eml", len(raw))
    ]
    assert "uuencoded files" in interaction.mail.text


class _Oversized:
    """A parser whose mails are larger than a document may be."""

    async def parse(self, raw: bytes, **_asked: object) -> ParsedMail:
        return replace(parse_mail(raw), text="x" * 17_000_000, subject="Long " * 100)


async def test_mail_that_the_database_refuses_is_shown_with_its_author(
    backend: Backend, ingest: Ingest
) -> None:
    ingest.parsing._parser = cast("IsolatedParser", _Oversized())

    (interaction,) = await parsed(backend, ingest, MAIL)

    assert interaction.mail.sender is not None
    assert interaction.mail.sender.address == "ann@example.org"
    assert interaction.mail.subject.startswith("Long Long")
    assert [one.name for one in interaction.mail.attachments] == ["mail.eml"]


class _HangingParser:
    """A parser that never ends in time, and notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    async def parse(self, _raw: bytes, *, slow: bool, **_envelope: str) -> ParsedMail:
        self.asked.append(slow)
        raise ParserKilledError("the deadline passed")


async def test_mail_that_hangs_is_tried_again_later_and_shown_unread(
    backend: Backend, ingest: Ingest
) -> None:
    hanging = _HangingParser()
    ingest.parsing._parser = cast("IsolatedParser", hanging)
    command = ParseMail(arrival_id=await arrive(ingest, MAIL))

    for tries in (1, 2):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await ingest.parsing.parse(command, cause())
        assert len(hanging.asked) == tries
        backend.clock.move(timedelta(seconds=5))
    await ingest.parsing.parse(command, cause())

    assert hanging.asked == [False, True, True]
    (found,) = await backend.database["interactions"].find({}).to_list()
    assert found["mail"]["attachments"][0]["name"] == "mail.eml"


async def test_mail_that_finds_no_room_for_slow_ones_is_shown_in_the_end(
    backend: Backend, ingest: Ingest
) -> None:
    hanging = _HangingParser()
    ingest.parsing._parser = cast("IsolatedParser", hanging)
    command = ParseMail(arrival_id=await arrive(ingest, MAIL))
    with pytest.raises(Unavailable):
        await ingest.parsing.parse(command, cause())
    backend.clock.move(timedelta(minutes=31))

    await ingest.parsing.parse(command, cause())

    assert len(hanging.asked) == 1
    assert await backend.database["interactions"].count_documents({}) == 1
