"""HTML of agents is cleaned before it is stored, whichever way it comes."""

from dataclasses import replace

import pytest

from services.composition.drafts import DraftCommands
from services.composition.redirect import RedirectCommand
from shared.contracts.commands import (
    CreateDraft,
    DraftEdits,
    DraftForward,
    DraftReply,
    MailAddress,
    RedirectMail,
    SaveDraft,
    SubmitDraft,
)
from shared.domain.errors import Refused
from shared.domain.ids import new_id
from shared.domain.interaction import Interaction
from tests.support.backend import Backend, cause
from tests.unit.composition.attacks import ATTACKS, DANGERS

pytestmark = pytest.mark.connected

PAGE = f"<p>kept</p>{''.join(ATTACKS)}"
EDITS = DraftEdits(html=PAGE, text="1 < 2", to=[MailAddress(address="ann@example.org")])


async def require_safe(backend: Backend, interaction_id: str) -> None:
    stored = await backend.interactions.get(interaction_id)
    assert "kept" in stored.mail.html
    assert not [danger for danger in DANGERS if danger in stored.mail.html.lower()]


@pytest.fixture
async def draft(drafts: DraftCommands) -> str:
    """The id of a draft that was created with a hostile page."""
    command = CreateDraft(interaction_id=new_id(), agent_id="agent1", queue="drafts", edits=EDITS)
    await drafts.create(command, cause())
    return command.interaction_id


@pytest.fixture
async def stored_raw(backend: Backend, mail: Interaction) -> Interaction:
    """A mail whose HTML was stored before it was made safe."""
    page = {"$set": {"mail.html": PAGE}}
    await backend.database["interactions"].update_one({"_id": mail.id}, page)
    return replace(mail, mail=replace(mail.mail, html=PAGE))


async def test_a_created_draft_is_safe(backend: Backend, draft: str) -> None:
    await require_safe(backend, draft)
    assert (await backend.interactions.get(draft)).mail.text == "1 < 2"


@pytest.mark.parametrize("is_update", [False, True])
async def test_a_saved_draft_is_safe(
    backend: Backend, drafts: DraftCommands, draft: str, *, is_update: bool
) -> None:
    save = SaveDraft(interaction_id=draft, agent_id="agent1", edits=EDITS, is_update=is_update)

    await drafts.save(save, cause())

    await require_safe(backend, draft)


async def test_sent_mail_is_clean_and_has_both_bodies(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    await drafts.submit(SubmitDraft(interaction_id=draft, agent_id="agent1", edits=EDITS), cause())

    await require_safe(backend, draft)
    raw = (await backend.newest("deliveries", draft))["raw"].lower()
    assert b"multipart/alternative" in raw
    assert not [danger for danger in DANGERS if danger.encode() in raw]


async def test_a_reply_quotes_an_old_original_safely(
    backend: Backend, drafts: DraftCommands, stored_raw: Interaction
) -> None:
    command = DraftReply(
        interaction_id=stored_raw.id,
        agent_id="agent1",
        reply_id=new_id(),
        queue="drafts",
        quote_original=True,
        start_line="<script>alert(1)</script>",
    )

    await drafts.reply(command, cause())

    await require_safe(backend, command.reply_id)


async def test_a_forward_quotes_an_old_original_safely(
    backend: Backend, drafts: DraftCommands, stored_raw: Interaction
) -> None:
    for edits in (DraftEdits(), EDITS):
        command = DraftForward(
            interaction_id=stored_raw.id,
            agent_id="agent1",
            forward_id=new_id(),
            queue="drafts",
            edits=edits,
        )

        await drafts.forward(command, cause())

        await require_safe(backend, command.forward_id)


async def test_redirect_of_an_old_original_shows_clean_html(
    backend: Backend, redirecting: RedirectCommand, stored_raw: Interaction
) -> None:
    command = RedirectMail(
        interaction_id=stored_raw.id,
        agent_id="agent1",
        redirect_id=new_id(),
        to=[MailAddress(address="bob@example.org")],
    )

    await redirecting.redirect(command, cause())

    await require_safe(backend, command.redirect_id)


async def test_a_page_that_cannot_be_made_safe_changes_nothing(
    backend: Backend, drafts: DraftCommands, draft: str
) -> None:
    edits = DraftEdits(html="<div>" * 5_000)

    with pytest.raises(Refused):
        await drafts.save(SaveDraft(interaction_id=draft, agent_id="agent1", edits=edits), cause())

    assert (await backend.interactions.get(draft)).version == 1
