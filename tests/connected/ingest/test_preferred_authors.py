"""An arriving answer is offered to the author of the mail that it answers, and waits for nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.commands import RejectInvitation
from shared.contracts.events import AgentInvited
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from tests.connected.ingest.test_parsing import parsed
from tests.support.backend import Backend, cause
from tests.support.ingest import MAIL, Ingest
from tests.support.routing import EXCLUSION, POLICY, Routing, fill, revoke, routing_in

pytestmark = pytest.mark.connected

OURS = "<5ecre7.1@demo.example>"


@pytest.fixture
async def routing(backend: Backend) -> AsyncIterator[Routing]:
    """Routing of the same contact center."""
    async with routing_in(backend, POLICY) as routing:
        yield routing


async def answer(
    backend: Backend, ingest: Ingest, sender: bytes = b"ann@example.org"
) -> Interaction:
    """Return the mail that arrives after `author` wrote to Ann, and that names what Ann got."""
    await backend.add_mail(
        direction=Direction.OUTBOUND,
        subtype="OutboundReply",
        state=State.SENT,
        owner_id="author",
        mail=Email(to=(Address("ann@example.org"),), message_id=OURS),
    )
    raw = f"In-Reply-To: {OURS}\r\n".encode() + MAIL.replace(b"ann@example.org", sender)
    (mail,) = await parsed(backend, ingest, raw)
    return mail


async def add_agents(backend: Backend, **author: Any) -> None:
    """Add an agent who has been idle for longer than the author."""
    await backend.add_agent("idle")
    backend.clock.move(timedelta(minutes=1))
    await backend.add_agent("author", **author)


async def invited(backend: Backend, mail: Interaction) -> str:
    return str((await backend.next_event(AgentInvited, mail.id)).agent_id)


async def test_an_answer_is_offered_to_its_author_first(
    backend: Backend, ingest: Ingest, routing: Routing
) -> None:
    mail = await answer(backend, ingest)
    await add_agents(backend)

    await fill(routing)

    assert await invited(backend, mail) == "author"


async def test_a_stranger_cannot_choose_an_agent(
    backend: Backend, ingest: Ingest, routing: Routing
) -> None:
    mail = await answer(backend, ingest, b"thief@example.org")
    await add_agents(backend)

    await fill(routing)

    assert await invited(backend, mail) == "idle"


@pytest.mark.parametrize(
    "author",
    [{"ready": False}, {"enabled": False}, {"queues": ["sales"]}, {"free": 0}],
    ids=["not ready", "disabled", "of another queue", "full"],
)
async def test_an_answer_waits_for_no_author(
    backend: Backend, ingest: Ingest, routing: Routing, author: dict[str, Any]
) -> None:
    mail = await answer(backend, ingest)
    await add_agents(backend, **author)

    await fill(routing)

    assert await invited(backend, mail) == "idle"


async def test_a_deleted_author_is_no_obstacle(
    backend: Backend, ingest: Ingest, routing: Routing
) -> None:
    mail = await answer(backend, ingest)
    await backend.add_agent("idle")

    await fill(routing)

    assert await invited(backend, mail) == "idle"


async def test_an_author_who_rejects_is_passed_over(
    backend: Backend, ingest: Ingest, routing: Routing
) -> None:
    mail = await answer(backend, ingest)
    await backend.add_agent("author")
    await fill(routing)
    assert await invited(backend, mail) == "author"

    rejecting = RejectInvitation(interaction_id=mail.id, agent_id="author")
    await routing.invitations.reject(rejecting, cause())
    await fill(routing)

    assert (await backend.interactions.get(mail.id)).state is State.QUEUED


async def test_an_author_who_misses_an_answer_gets_no_precedence_again(
    backend: Backend, ingest: Ingest, routing: Routing
) -> None:
    mail = await answer(backend, ingest)
    await backend.add_agent("author")
    await fill(routing)
    assert await invited(backend, mail) == "author"
    backend.clock.move(POLICY.invitation)
    await revoke(routing)

    await backend.add_agent("idle", idle_since=backend.clock.now() - timedelta(hours=1))
    backend.clock.move(EXCLUSION)
    await fill(routing)

    assert await invited(backend, mail) == "idle"
