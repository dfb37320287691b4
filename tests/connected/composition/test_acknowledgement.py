"""Acknowledgements: written once, marked, bounded, and never lost by a death in between."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from email import message_from_bytes
from email.message import Message

import pytest

from services.composition import acknowledgement as module
from services.composition.acknowledgement import Acknowledgements
from services.console.health.acknowledgements import examine_acknowledgements
from shared.contracts.acknowledgement import Acknowledgement, MailTemplate
from shared.contracts.commands import AcknowledgeMail
from shared.contracts.contact_center import Mailbox
from shared.domain.automatic_mail_limits import MOST_TO_ADDRESS_IN_HOUR
from shared.domain.ids import derived_id, new_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import State
from shared.storage.configuration_store import KEPT_FOR
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.delivery_store import DeliveryStore
from tests.support.backend import CENTER, Backend, cause

pytestmark = pytest.mark.connected

BOX = "support@demo.example"
WANTED = Acknowledgement(
    text="Hello {{ contact.name | customer }},\nwe have {{ original.subject }}"
)

Acknowledge = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def acknowledgements(backend: Backend, sent: DeliveryStore) -> Acknowledgements:
    box = Mailbox(address=BOX, queue="support", acknowledgement=WANTED)
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": (box,)}))
    return Acknowledgements(
        interactions=backend.interactions,
        deliveries=sent,
        allowances=AllowanceStore(backend.database),
        configuration=backend.configuration,
        clock=backend.clock,
    )


async def mail_of(
    backend: Backend,
    sender: str = "ann@example.org",
    name: str = "Ann Lee",
    *,
    is_proven: bool | None = None,
) -> Interaction:
    return await backend.add_mail(
        id=new_id(),
        mail=Email(
            subject="Re: Invoice  17",
            sender=Address(sender, name),
            authenticated=is_proven,
            message_id=f"<{new_id()}@example.org>",
            references=("<root@example.org>",),
        ),
    )


async def acknowledge(
    acknowledgements: Acknowledgements, mail: Interaction, to: str = "ann@example.org"
) -> None:
    command = AcknowledgeMail(interaction_id=mail.id, to=to)
    await acknowledgements.acknowledge(command, cause())


async def answers(backend: Backend) -> list[dict[str, object]]:
    return await backend.database["deliveries"].find({}).to_list()


async def octets_of(sent: DeliveryStore, mail: Interaction) -> Message:
    answer = derived_id(mail.id, "acknowledgement")
    return message_from_bytes(b"".join([piece async for piece in sent.raw(answer)]))


async def test_acknowledgement_is_marked_as_written_by_a_machine(
    backend: Backend, acknowledgements: Acknowledgements, sent: DeliveryStore
) -> None:
    mail = await mail_of(backend)

    await acknowledge(acknowledgements, mail)

    octets = await octets_of(sent, mail)
    assert octets["Auto-Submitted"] == "auto-replied"
    assert octets["X-Auto-Response-Suppress"] == "All"
    assert octets["X-Mailroom-Loop"] == BOX
    assert octets["Precedence"] is None
    assert octets["Subject"] == "Auto: Invoice 17"
    assert octets["In-Reply-To"] == mail.mail.message_id
    assert str(octets["References"]).split() == ["<root@example.org>", mail.mail.message_id]
    assert "Hello Ann Lee," in octets.get_payload()
    delivery = await sent.get(derived_id(mail.id, "acknowledgement"))
    assert delivery
    assert (delivery.sender, delivery.is_automatic, delivery.agent_id) == ("", True, "")
    answer = await backend.interactions.get(delivery.id)
    assert (answer.subtype, answer.state, answer.owner_id, answer.parent_id) == (
        "OutboundAcknowledgement",
        State.SENDING,
        None,
        mail.id,
    )


@pytest.mark.parametrize(
    ("template", "subject"), [("gold", "Auto: For you"), ("gone", "Auto: Invoice 17")]
)
async def test_acknowledgement_has_the_words_of_its_template(
    backend: Backend,
    acknowledgements: Acknowledgements,
    sent: DeliveryStore,
    template: str,
    subject: str,
) -> None:
    mail = await mail_of(backend)
    center = await backend.configuration.current()
    gold = MailTemplate(name="gold", text="Dear {{ contact.name }}", subject="For you")
    await backend.configuration.write(center.model_copy(update={"templates": (gold,)}))
    backend.clock.move(KEPT_FOR)
    command = AcknowledgeMail(interaction_id=mail.id, to="ann@example.org", template=template)

    await acknowledgements.acknowledge(command, cause())

    octets = await octets_of(sent, mail)
    assert octets["Subject"] == subject
    assert ("Dear Ann Lee" in octets.get_payload()) is (template == "gold")


async def test_name_that_is_no_name_is_not_repeated(
    backend: Backend, acknowledgements: Acknowledgements, sent: DeliveryStore
) -> None:
    mail = await mail_of(backend, name="Win now: https://evil.example/x")

    await acknowledge(acknowledgements, mail)

    assert "Hello customer," in (await octets_of(sent, mail)).get_payload()


async def test_sender_hears_once_a_day_under_any_spelling(
    backend: Backend, acknowledgements: Acknowledgements
) -> None:
    spellings = ("ann@example.org", "Ann+x@EXAMPLE.org", '"ann"@example.org', '"a\\nn"@example.org')
    for to in (*spellings, "ann@example.org"):
        await acknowledge(acknowledgements, await mail_of(backend), to)
    assert len(await answers(backend)) == 1

    backend.clock.move(timedelta(hours=25))
    await backend.database["allowances"].delete_many({"expires_at": {"$lte": backend.clock.now()}})
    await acknowledge(acknowledgements, await mail_of(backend))

    assert len(await answers(backend)) == 2


async def test_command_that_comes_late_is_dropped(
    backend: Backend, acknowledgements: Acknowledgements
) -> None:
    mail = await mail_of(backend)

    backend.clock.move(timedelta(hours=25))
    await acknowledge(acknowledgements, mail)

    assert await answers(backend) == []


@pytest.mark.parametrize(
    "line", ["composition.after_allowances", "composition.after_acknowledgement", "nowhere"]
)
async def test_death_at_any_line_neither_loses_nor_doubles(
    backend: Backend,
    acknowledgements: Acknowledgements,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    mail = await mail_of(backend)

    def die(name: str) -> None:
        if name == line:
            raise RuntimeError(name)

    monkeypatch.setattr(module, "crash_point", die)
    if line != "nowhere":
        with pytest.raises(RuntimeError, match=line):
            await acknowledge(acknowledgements, mail)
    monkeypatch.undo()
    backend.clock.move(timedelta(minutes=59))
    for _ in range(2):
        await acknowledge(acknowledgements, mail)

    assert [one["_id"] for one in await answers(backend)] == [
        derived_id(mail.id, "acknowledgement")
    ]
    allowance = await backend.database["allowances"].find_one({"_id": {"$regex": "^acknowledged"}})
    assert allowance
    assert len(allowance["things"]) == 1


async def no_longer_wanted(backend: Backend) -> None:
    box = Mailbox(address=BOX, queue="support")
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": (box,)}))
    backend.clock.move(KEPT_FOR)


async def a_day_later(backend: Backend) -> None:
    backend.clock.move(timedelta(hours=25))


async def all_allowances_used_up(backend: Backend) -> None:
    await backend.database["allowances"].update_many({}, {"$set": {"things": ["others"] * 1_000}})


@pytest.mark.parametrize("change", [no_longer_wanted, a_day_later, all_allowances_used_up])
async def test_written_acknowledgement_is_delivered_whatever_changes(
    backend: Backend,
    acknowledgements: Acknowledgements,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Backend], Awaitable[None]],
) -> None:
    mail = await mail_of(backend)

    def die(name: str) -> None:
        if name == "composition.after_acknowledgement":
            raise RuntimeError(name)

    monkeypatch.setattr(module, "crash_point", die)
    with pytest.raises(RuntimeError):
        await acknowledge(acknowledgements, mail)
    monkeypatch.undo()
    await change(backend)
    await acknowledge(acknowledgements, mail)

    assert [one["_id"] for one in await answers(backend)] == [
        derived_id(mail.id, "acknowledgement")
    ]


async def test_acknowledgement_that_was_sent_is_not_ordered_again(
    backend: Backend, acknowledgements: Acknowledgements
) -> None:
    mail = await mail_of(backend)
    await acknowledge(acknowledgements, mail)
    await backend.database["interactions"].update_one(
        {"_id": derived_id(mail.id, "acknowledgement")}, {"$set": {"state": State.SENT.value}}
    )
    await backend.database["deliveries"].delete_many({})

    await acknowledge(acknowledgements, mail)

    assert await answers(backend) == []


@pytest.mark.parametrize("limit", ["MOST_IN_THREAD_A_DAY", "MOST_OF_MAILBOX_A_DAY"])
async def test_bound_of_thread_or_mailbox_ends_the_mails(
    backend: Backend,
    acknowledgements: Acknowledgements,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
) -> None:
    monkeypatch.setattr(f"shared.domain.automatic_mail_limits.{limit}", 2)
    if limit == "MOST_OF_MAILBOX_A_DAY":
        monkeypatch.setattr(f"services.console.health.acknowledgements.{limit}", 2)

    for number in range(4):
        mail = await backend.add_mail(
            id=new_id(), thread_id="one", mail=(await mail_of(backend)).mail
        )
        await acknowledge(acknowledgements, mail, f"ann{number}@example.org")

    assert len(await answers(backend)) == 2
    center, now = await backend.configuration.current(), backend.clock.now()
    said = [str(one) async for one in examine_acknowledgements(backend.database, center, now)]
    assert said[0].startswith("ok" if limit == "MOST_IN_THREAD_A_DAY" else "bad")


async def test_writer_to_many_mailboxes_hears_five_times_an_hour(
    backend: Backend, acknowledgements: Acknowledgements
) -> None:
    names = [f"box{number}@demo.example" for number in range(MOST_TO_ADDRESS_IN_HOUR + 2)]
    boxes = tuple(Mailbox(address=one, queue="support", acknowledgement=WANTED) for one in names)
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": boxes}))
    backend.clock.move(KEPT_FOR)

    async def write_to(*mailboxes: str) -> int:
        for mailbox in mailboxes:
            mail = await backend.add_mail(
                id=new_id(), mailbox=mailbox, mail=(await mail_of(backend)).mail
            )
            await acknowledge(acknowledgements, mail, "Ann+x@example.org")
        return len(await answers(backend))

    within_the_hour = await write_to(*names[:-1])
    backend.clock.move(timedelta(hours=1))
    an_hour_later = await write_to(names[-1])

    assert within_the_hour == MOST_TO_ADDRESS_IN_HOUR
    assert an_hour_later == MOST_TO_ADDRESS_IN_HOUR + 1


async def test_bound_of_a_domain_ends_mails_to_forged_senders(
    backend: Backend, acknowledgements: Acknowledgements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.domain.automatic_mail_limits.MOST_TO_DOMAIN_A_DAY", 2)

    async def write(*senders: str, is_proven: bool | None = None) -> int:
        for sender in senders:
            mail = await mail_of(backend, sender, is_proven=is_proven)
            await acknowledge(acknowledgements, mail, sender)
        return len(await answers(backend))

    forged = await write(
        "a@victim.example", "b@Victim.Example", "c@victim.example", "d@victim.example"
    )
    elsewhere = await write("a@other.example")
    proven = await write("e@victim.example", "f@victim.example", is_proven=True)
    backend.clock.move(timedelta(days=1))
    next_day = await write("g@victim.example")

    assert (forged, elsewhere, proven, next_day) == (2, 3, 5, 6)


async def test_address_that_no_mail_can_have_is_left_out(
    backend: Backend, acknowledgements: Acknowledgements
) -> None:
    await acknowledge(acknowledgements, await mail_of(backend), "ann@exa mple.org\r\nBcc: x@y.z")

    assert await answers(backend) == []
