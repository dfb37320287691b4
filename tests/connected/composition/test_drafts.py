"""Drafts on a real database and a real broker."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest

from services.composition.drafts import DraftCommands
from shared.contracts.commands import (
    CancelDraft,
    CreateDraft,
    DraftEdits,
    DraftReply,
    MailAddress,
    SubmitDraft,
)
from shared.contracts.events import DraftCanceled, ReplyCreated
from shared.domain.contacts.contact import contact_id
from shared.domain.deliveries.delivery import Conclusion, DeliveryState, RecipientState
from shared.domain.errors import (
    ChangedMeanwhileError,
    NotOwnerError,
    OperationNotAllowedError,
    Refused,
)
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation, State
from shared.storage.interactions.interaction_store import Change
from shared.storage.mails.delivery_store import DeliveryStore
from tests.support.backend import CENTER, Backend, cause

pytestmark = pytest.mark.connected


@pytest.fixture
async def draft(drafts: DraftCommands, mail: Interaction) -> str:
    """The id of agent1's answer to it."""
    command = replying(mail)
    await drafts.reply(command, cause())
    return command.reply_id


def replying(mail: Interaction, agent_id: str = "agent1") -> DraftReply:
    return DraftReply(
        interaction_id=mail.id,
        agent_id=agent_id,
        reply_id=new_id(),
        queue="drafts",
        subject_prefix="Re: ",
        quote_original=True,
        indent="> ",
    )


def submitting(draft: str, **edits: object) -> SubmitDraft:
    return SubmitDraft(
        interaction_id=draft, agent_id="agent1", edits=DraftEdits.model_validate(edits)
    )


async def test_a_reply_exists_under_the_id_that_was_promised(
    backend: Backend, drafts: DraftCommands, mail: Interaction
) -> None:
    command = replying(mail)

    await drafts.reply(command, cause())

    assert (await backend.next_event(ReplyCreated)).interaction_id == command.reply_id
    stored = await backend.interactions.get(command.reply_id)
    assert (stored.state, stored.owner_id) == (State.REPLY_CREATED, "agent1")
    assert stored.mail.text == "> Hello\n> bye"


async def test_a_reply_that_is_delivered_twice_makes_one_draft(
    backend: Backend, drafts: DraftCommands, mail: Interaction
) -> None:
    command, once = replying(mail), cause()
    await drafts.reply(command, once)

    await drafts.reply(command, once)

    assert await backend.database["interactions"].count_documents({"parent_id": mail.id}) == 1


async def test_only_the_owner_replies(drafts: DraftCommands, mail: Interaction) -> None:
    with pytest.raises(Refused):
        await drafts.reply(replying(mail, "agent2"), cause())


async def test_sent_mail_holds_the_agents_edits(
    backend: Backend, drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    edits = {"text": "Paid.", "bcc": [MailAddress(address="boss@example.org")]}

    await drafts.submit(submitting(draft, **edits), cause())

    delivery = await sent.get(draft)
    assert delivery is not None
    assert delivery.state is DeliveryState.QUEUED
    assert [one.address for one in delivery.recipients] == ["ann@example.org", "boss@example.org"]
    frozen = await backend.database["deliveries"].find_one({"_id": draft}) or {}
    message = message_from_bytes(frozen["raw"])
    assert message["In-Reply-To"] == "<1@example.org>"
    assert message.get_payload(decode=True) == b"Paid.\r\n"
    assert (await backend.interactions.get(draft)).state is State.SENDING


async def test_a_new_mail_belongs_to_the_contact_it_is_sent_to(
    backend: Backend, drafts: DraftCommands
) -> None:
    edits = DraftEdits(to=[MailAddress(address="Ann+shop@example.org")])
    creating = CreateDraft(interaction_id=new_id(), agent_id="agent1", queue="drafts", edits=edits)
    await drafts.create(creating, cause())

    await drafts.submit(submitting(creating.interaction_id), cause())

    stored = await backend.interactions.get(creating.interaction_id)
    assert stored.contact_id == contact_id("ann@example.org")


async def test_a_mail_asks_for_answers_at_an_address_of_its_own(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    box = CENTER.mailboxes[0].model_copy(update={"thread_tokens": True})
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": (box,)}))
    backend.clock.move(timedelta(seconds=5))

    await drafts.submit(submitting(draft), cause())

    stored = await backend.interactions.get(draft)
    frozen = await backend.database["deliveries"].find_one({"_id": draft}) or {}
    address = f"support+{stored.mail.thread_token}@demo.example"
    assert message_from_bytes(frozen["raw"])["Reply-To"] == f"Demo Support <{address}>"
    assert len(stored.mail.thread_token) == 16


async def test_a_subject_ends_with_the_id_of_its_mail(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    box = CENTER.mailboxes[0].model_copy(update={"subject_ids": True})
    await backend.configuration.write(CENTER.model_copy(update={"mailboxes": (box,)}))
    backend.clock.move(timedelta(seconds=5))

    await drafts.submit(submitting(draft), cause())

    stored = await backend.interactions.get(draft)
    frozen = await backend.database["deliveries"].find_one({"_id": draft}) or {}
    assert stored.mail.subject.endswith(f" [#{draft}]")
    assert message_from_bytes(frozen["raw"])["Subject"] == stored.mail.subject


async def test_twenty_concurrent_sends_let_one_win(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    tries = (drafts.submit(submitting(draft, text=f"{n}"), cause()) for n in range(20))

    results = await asyncio.gather(*tries, return_exceptions=True)

    assert results.count(None) == 1
    assert await backend.database["deliveries"].count_documents({}) == 1


async def test_a_send_that_is_delivered_twice_freezes_one_mail(
    drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    command, once = submitting(draft, text="Paid."), cause()
    await drafts.submit(command, once)
    first = await sent.get(draft)

    await drafts.submit(command, once)

    assert await sent.get(draft) == first


async def test_a_send_that_died_before_the_delivery_is_finished_by_its_repetition(
    backend: Backend, drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    command, once = submitting(draft, text="Paid."), cause()
    await drafts.submit(command, once)
    await backend.database["deliveries"].delete_one({"_id": draft})

    await drafts.submit(command, once)

    delivery = await sent.get(draft)
    assert delivery is not None
    assert delivery.message_id == (await backend.interactions.get(draft)).mail.message_id


async def test_an_address_that_is_not_ours_is_refused_as_sender(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    foreign = {"sender": MailAddress(address="ceo@bank.example")}

    with pytest.raises(Refused):
        await drafts.submit(submitting(draft, **foreign), cause())

    assert (await backend.interactions.get(draft)).state is State.REPLY_CREATED


async def test_a_mail_without_recipients_stays_a_draft(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    with pytest.raises(Refused):
        await drafts.submit(submitting(draft, to=[]), cause())

    assert (await backend.interactions.get(draft)).state is State.REPLY_CREATED


async def test_a_cancelled_draft_cannot_be_sent(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    await drafts.cancel(CancelDraft(interaction_id=draft, agent_id="agent1"), cause())

    await backend.next_event(DraftCanceled)
    with pytest.raises(OperationNotAllowedError):
        await drafts.submit(submitting(draft), cause())


async def test_second_tab_does_not_overwrite_the_first(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    seen = await backend.interactions.get(draft)
    await backend.interactions.change(
        draft, cause(), lambda before: Change(before.after(Operation.UPDATE_PROPERTIES))
    )

    with pytest.raises(ChangedMeanwhileError):
        await drafts.submit(
            SubmitDraft(interaction_id=draft, agent_id="agent1", expected_version=seen.version),
            cause(),
        )

    assert (await backend.interactions.get(draft)).state is State.REPLY_CREATED


async def waiting(drafts: DraftCommands, sent: DeliveryStore, draft: str) -> None:
    """Let a mail wait for a retry whose first recipient was reached."""
    await drafts.submit(submitting(draft, text="Paid."), cause())
    claim = await sent.claim(draft, "outbound", timedelta(minutes=1))
    assert claim
    first, *others = claim.delivery.recipients
    reached = (replace(first, state=RecipientState.ACCEPTED, code=250), *others)
    now = claim.delivery.claimed_at or claim.delivery.queued_at
    await sent.conclude(
        claim.delivery,
        Conclusion(DeliveryState.DEFERRED, reached, "451 later", now, now + timedelta(hours=1)),
    )


async def test_a_mail_that_waits_for_a_retry_is_taken_back_by_its_author(
    backend: Backend, drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    await waiting(drafts, sent, draft)
    backend.clock.move(timedelta(hours=2))

    await drafts.cancel(CancelDraft(interaction_id=draft, agent_id="agent1"), cause())

    assert (await backend.next_event(DraftCanceled)).interaction_id == draft
    assert (await backend.interactions.get(draft)).state is State.CANCELED
    assert await sent.claim(draft, "outbound", timedelta(minutes=1)) is None
    assert [one async for one in sent.request_due_attempts()] == []
    delivery = await sent.get(draft)
    assert delivery is not None
    assert (delivery.state, delivery.recipients[0].state) == (
        DeliveryState.CANCELED,
        RecipientState.ACCEPTED,
    )


async def test_a_mail_that_is_claimed_is_not_taken_back(
    backend: Backend, drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    await drafts.submit(submitting(draft, text="Paid."), cause())
    assert await sent.claim(draft, "outbound", timedelta(minutes=1))

    with pytest.raises(OperationNotAllowedError, match="now"):
        await drafts.cancel(CancelDraft(interaction_id=draft, agent_id="agent1"), cause())

    assert (await backend.interactions.get(draft)).state is State.SENDING


async def test_mail_of_another_agent_is_not_canceled(
    drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    await waiting(drafts, sent, draft)

    for command, error in (
        (CancelDraft(interaction_id=draft, agent_id="agent2"), NotOwnerError),
        (
            CancelDraft(interaction_id=draft, agent_id="agent1", expected_version=1),
            ChangedMeanwhileError,
        ),
    ):
        with pytest.raises(error):
            await drafts.cancel(command, cause())

    delivery = await sent.get(draft)
    assert delivery is not None
    assert delivery.state is DeliveryState.DEFERRED


async def test_a_cancel_that_died_halfway_is_finished_by_its_repetition(
    backend: Backend, drafts: DraftCommands, sent: DeliveryStore, draft: str
) -> None:
    await waiting(drafts, sent, draft)
    seen = await backend.interactions.get(draft)
    assert await sent.cancel(draft)
    await backend.interactions.change(
        draft, cause(), lambda before: Change(replace(before, version=before.version + 1))
    )

    await drafts.cancel(
        CancelDraft(interaction_id=draft, agent_id="agent1", expected_version=seen.version),
        cause(),
    )

    assert (await backend.interactions.get(draft)).state is State.CANCELED
