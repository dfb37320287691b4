"""Mails that agents begin, keep and pass on: Create, Save, Forward, Redirect."""

import asyncio
from dataclasses import replace
from email import message_from_bytes

import pytest

from services.composition.drafts import DocumentNotStoredError, DraftCommands
from services.composition.redirect import RedirectCommand
from services.composition.rendering.header_fields import UnsendableMailError
from shared.contracts.commands import (
    CreateDraft,
    DraftEdits,
    DraftForward,
    MailAddress,
    RedirectMail,
    SaveDraft,
    SubmitDraft,
)
from shared.contracts.description.files import VirusScanner
from shared.contracts.events import (
    DraftSaved,
    InteractionCompleted,
    PropertiesUpdated,
    ReplyCreated,
)
from shared.domain.errors import OperationNotAllowedError, Refused, TooLargeError, Unavailable
from shared.domain.ids import new_id
from shared.domain.interaction import Attachment, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.domain.user_data import LARGEST
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from shared.storage.mails.delivery_store import DeliveryStore
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import INVOICE

pytestmark = pytest.mark.connected

PDF = Attachment("00009A8T8Y13002S", "a.pdf", 9, "application/pdf")


def creating(**fields: object) -> CreateDraft:
    about = {"interaction_id": new_id(), "agent_id": "agent1", "queue": "drafts"}
    return CreateDraft.model_validate(about | fields)


def forwarding(mail: Interaction) -> DraftForward:
    return DraftForward(
        interaction_id=mail.id,
        agent_id="agent1",
        forward_id=new_id(),
        queue="drafts",
        subject_prefix="Fwd: ",
        indent="> ",
    )


def redirecting_to(mail: Interaction, *addresses: str) -> RedirectMail:
    return RedirectMail(
        interaction_id=mail.id,
        agent_id="agent1",
        redirect_id=new_id(),
        to=[MailAddress(address=one) for one in addresses],
    )


async def test_a_new_mail_exists_under_the_id_that_was_promised(
    backend: Backend, drafts: DraftCommands
) -> None:
    command, once = creating(user_data={"a": 1}, edits={"subject": "Offer"}), cause()
    await drafts.create(command, once)
    await drafts.create(command, once)

    assert (await backend.next_event(ReplyCreated)).interaction_id == command.interaction_id
    stored = await backend.interactions.get(command.interaction_id)
    assert (stored.subtype, stored.state, stored.owner_id) == (
        "OutboundNew",
        State.REPLY_CREATED,
        "agent1",
    )
    assert (stored.mail.subject, stored.user_data) == ("Offer", {"a": 1})
    assert stored.mail.sender is not None
    assert stored.mail.sender.address == "support@demo.example"


async def test_a_new_mail_may_belong_to_another(
    backend: Backend, drafts: DraftCommands, mail: Interaction
) -> None:
    command = creating(parent_id=mail.id)

    await drafts.create(command, cause())

    stored = await backend.interactions.get(command.interaction_id)
    assert (stored.parent_id, stored.thread_id, stored.contact_id) == (mail.id, mail.id, "c1")


@pytest.mark.parametrize(("is_update", "told"), [(False, DraftSaved), (True, PropertiesUpdated)])
async def test_saved_edits_are_kept(
    backend: Backend,
    drafts: DraftCommands,
    is_update: bool,
    told: type[DraftSaved | PropertiesUpdated],
) -> None:
    creation = creating()
    await drafts.create(creation, cause())
    save = SaveDraft(
        interaction_id=creation.interaction_id,
        agent_id="agent1",
        edits=DraftEdits(text="so far", to=[MailAddress(address="ann@example.org")]),
        put={"a": 1},
        is_update=is_update,
    )

    await drafts.save(save, cause())

    await backend.next_event(told)
    stored = await backend.interactions.get(creation.interaction_id)
    assert (stored.state, stored.mail.text) == (State.REPLY_CREATED, "so far")
    assert (stored.mail.to[0].address, stored.user_data) == ("ann@example.org", {"a": 1})


async def test_saves_do_not_let_user_data_grow_beyond_its_bound(
    backend: Backend, drafts: DraftCommands
) -> None:
    creation = creating(user_data={"a": "x" * (LARGEST * 2 // 3)})
    await drafts.create(creation, cause())
    save = SaveDraft(
        interaction_id=creation.interaction_id,
        agent_id="agent1",
        put={"b": "x" * (LARGEST * 2 // 3)},
    )

    with pytest.raises(TooLargeError):
        await drafts.save(save, cause())

    assert (await backend.interactions.get(creation.interaction_id)).version == 1


async def test_a_draft_does_not_begin_with_more_user_data_than_allowed(
    drafts: DraftCommands,
) -> None:
    with pytest.raises(TooLargeError):
        await drafts.create(creating(user_data={"a": "x" * (LARGEST + 1)}), cause())


async def test_a_draft_is_not_saved_with_a_foreign_sender(
    backend: Backend, drafts: DraftCommands
) -> None:
    creation = creating()
    await drafts.create(creation, cause())
    save = SaveDraft(
        interaction_id=creation.interaction_id,
        agent_id="agent1",
        edits=DraftEdits(sender=MailAddress(address="ceo@bank.example")),
    )

    with pytest.raises(Refused):
        await drafts.save(save, cause())

    assert (await backend.interactions.get(creation.interaction_id)).version == 1


async def test_forward_is_quoted_with_files_and_no_recipients(
    backend: Backend, drafts: DraftCommands, documents: DocumentStore
) -> None:
    ref = await Vault(backend.database, backend.clock).put(b"%PDF-1.7\n")
    mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")
    with_file = replace(mail, id=new_id(), mail=replace(mail.mail, attachments=(PDF,)))
    await backend.interactions.add(with_file, cause(), [])
    await documents.add(with_file.id, [(PDF, ref)])
    command, once = forwarding(with_file), cause()

    await drafts.forward(command, once)
    await drafts.forward(command, once)

    stored = await backend.interactions.get(command.forward_id)
    assert (stored.direction, stored.parent_id, stored.mail.to) == (
        Direction.OUTBOUND,
        with_file.id,
        (),
    )
    assert (stored.mail.subject, stored.mail.text) == ("Fwd: Invoice 17", "> Hello\n> bye")
    [copy] = stored.mail.attachments
    document = await documents.get(copy.id)
    assert document is not None
    assert (document.interaction_id, document.content, copy.name) == (stored.id, ref, "a.pdf")
    assert copy.id != PDF.id


async def test_a_forward_waits_for_documents_that_are_not_stored_yet(
    backend: Backend, drafts: DraftCommands
) -> None:
    mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")
    with_file = replace(mail, id=new_id(), mail=replace(mail.mail, attachments=(PDF,)))
    await backend.interactions.add(with_file, cause(), [])

    with pytest.raises(DocumentNotStoredError):
        await drafts.forward(forwarding(with_file), cause())


async def test_held_file_is_forwarded_by_nobody(
    backend: Backend, drafts: DraftCommands, documents: DocumentStore
) -> None:
    mail = await held_mail(backend, documents)
    command = forwarding(mail)
    await drafts.forward(command, cause())
    sending = SubmitDraft(
        interaction_id=command.forward_id,
        agent_id="agent1",
        edits=DraftEdits.model_validate({"to": [{"address": "bob@example.org"}]}),
    )

    with pytest.raises(Refused, match=r"a\.pdf may not be sent \(a virus\)"):
        await drafts.submit(sending, cause())

    assert (await backend.interactions.get(command.forward_id)).state is State.REPLY_CREATED


async def test_mail_with_a_held_file_is_not_redirected(
    backend: Backend, redirecting: RedirectCommand, documents: DocumentStore
) -> None:
    mail = await held_mail(backend, documents)

    with pytest.raises(Refused, match="may not be sent"):
        await redirecting.redirect(redirecting_to(mail, "bob@example.org"), cause())

    assert (await backend.interactions.get(mail.id)).state is State.ACCEPTED


async def test_redirect_waits_for_the_virus_scanner(
    backend: Backend, redirecting: RedirectCommand
) -> None:
    scanner = VirusScanner(host="clamav.example")
    await backend.configuration.write(CENTER.model_copy(update={"virus_scanner": scanner}))
    mail = await backend.add_mail(
        state=State.ACCEPTED, owner_id="agent1", mail=Email(attachments=(PDF,))
    )

    with pytest.raises(Unavailable):
        await redirecting.redirect(redirecting_to(mail, "bob@example.org"), cause())

    assert (await backend.interactions.get(mail.id)).state is State.ACCEPTED


async def held_mail(backend: Backend, documents: DocumentStore) -> Interaction:
    """Return a mail of agent1 with a file in which the scanner has found a virus."""
    ref = await Vault(backend.database, backend.clock).put(b"%PDF-1.7\n")
    mail = await backend.add_mail(
        state=State.ACCEPTED, owner_id="agent1", mail=Email(attachments=(PDF,)), arrival_id="a1"
    )
    await documents.add(mail.id, [(PDF, ref)], {PDF.id: "a virus"})
    return mail


async def test_a_redirected_mail_goes_on_unchanged_and_ends_the_work(
    backend: Backend, redirecting: RedirectCommand, sent: DeliveryStore, mail: Interaction
) -> None:
    command, once = redirecting_to(mail, "bob@example.org"), cause()

    await redirecting.redirect(command, once)
    await redirecting.redirect(command, once)

    assert (await backend.next_event(InteractionCompleted)).interaction_id == mail.id
    assert (await backend.interactions.get(mail.id)).state is State.COMPLETED
    outbound = await backend.interactions.get(command.redirect_id)
    assert (outbound.subtype, outbound.state) == ("OutboundRedirect", State.SENDING)
    delivery = await sent.get(command.redirect_id)
    assert delivery is not None
    assert (delivery.sender, delivery.recipients[0].address) == (
        "support@demo.example",
        "bob@example.org",
    )
    raw = (await backend.newest("deliveries", command.redirect_id))["raw"]
    assert raw.endswith(INVOICE)
    message = message_from_bytes(raw)
    assert (message["From"], message["Resent-From"], message["Resent-To"]) == (
        "ann@example.org",
        "support@demo.example",
        "bob@example.org",
    )
    assert message["Resent-Message-ID"] == outbound.mail.message_id


async def test_twenty_concurrent_redirects_send_one(
    backend: Backend, redirecting: RedirectCommand, mail: Interaction
) -> None:
    tries = (
        redirecting.redirect(redirecting_to(mail, f"bob{number}@example.org"), cause())
        for number in range(20)
    )

    results = await asyncio.gather(*tries, return_exceptions=True)

    assert results.count(None) == 1
    assert sum(isinstance(one, OperationNotAllowedError) for one in results) == 19
    assert await backend.database["deliveries"].count_documents({}) == 1


async def test_a_mail_whose_octets_are_not_kept_is_not_redirected(
    backend: Backend, redirecting: RedirectCommand
) -> None:
    mail = await backend.add_mail(state=State.ACCEPTED, owner_id="agent1")

    with pytest.raises(Refused):
        await redirecting.redirect(redirecting_to(mail, "bob@example.org"), cause())

    assert (await backend.interactions.get(mail.id)).state is State.ACCEPTED


async def test_a_mail_is_not_ended_by_a_redirect_to_what_is_no_address(
    backend: Backend, redirecting: RedirectCommand, mail: Interaction
) -> None:
    with pytest.raises(UnsendableMailError):
        await redirecting.redirect(redirecting_to(mail, "bob@-.example@"), cause())

    assert (await backend.interactions.get(mail.id)).state is State.ACCEPTED
