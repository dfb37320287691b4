"""Administrators hear how fetched mailboxes are, and when one cannot be read any more."""

from contextlib import AsyncExitStack
from unittest.mock import AsyncMock, Mock

import pytest

from services.gateway.auth.agent_cache import AgentCache
from services.gateway.notifications.mailbox_news import MailboxNews
from services.gateway.operations.rules import ADMIN
from shared.domain.errors import Unavailable
from shared.storage.agents.agent_login_store import AgentLoginStore
from shared.storage.mails import mailbox_store
from shared.storage.mails.mailbox_store import MailboxStore
from tests.cometd_client.client import CometdAgent
from tests.support.backend import Backend
from tests.support.fetching import SUPPORT, fetch_support
from tests.support.gateway import Gateway

pytestmark = pytest.mark.connected

TOPIC = "/v2/mailboxes"
INBOX = f"{SUPPORT}/INBOX"
REFUSED = {"code": "refused", "words": "no", "do": "mend it", "needs_person": True}


@pytest.fixture
async def fetched(gateway: Gateway) -> Gateway:
    """A gateway of a contact center with one fetched mailbox."""
    await fetch_support(gateway)
    return gateway


async def break_mailbox(gateway: Gateway) -> None:
    mailboxes = gateway.backend.database[mailbox_store.COLLECTION]
    await mailboxes.update_one({"_id": INBOX}, {"$set": {"faults": 1, "fault": REFUSED}})


async def test_administrator_hears_of_a_mailbox_that_is_sick(fetched: Gateway) -> None:
    async with AsyncExitStack() as stack:
        admin = CometdAgent(f"{fetched.url}/cometd", "admin", "admin")
        await stack.enter_async_context(admin)
        await admin.subscribe(TOPIC)
        present = (await admin.event())["data"]

        await break_mailbox(fetched)
        changed = (await admin.event())["data"]

    assert present["messageType"] == "MailboxStateMessage"
    assert (present["mailbox"]["address"], present["mailbox"]["state"]) == (SUPPORT, "well")
    assert changed["mailbox"]["state"] == "sick"
    assert changed["mailbox"]["fault"] == {"code": "refused", "words": "no", "do": "mend it"}


async def test_agent_who_subscribes_to_mailboxes_is_refused(fetched: Gateway) -> None:
    async with CometdAgent(f"{fetched.url}/cometd", "agent1", "agent1") as agent:
        reply = await agent.subscribe(TOPIC)

    assert reply["error"] == "403:for_administrators:subscribe_denied"


def news_of(backend: Backend, agent_cache: AgentCache | Mock | None = None) -> MailboxNews:
    return MailboxNews(
        MailboxStore(backend.database),
        backend.configuration,
        agent_cache or AgentCache(backend.agents, AgentLoginStore(backend.database), backend.clock),
        backend.clock,
        root="",
    )


async def test_only_administrators_hear_of_mailboxes(fetched: Gateway) -> None:
    news = news_of(fetched.backend)
    bayeux = Mock(users=Mock(return_value={"admin", "agent1"}))
    heard = {name: len(await news.present(name)) for name in ("admin", "agent1", "nobody")}
    await break_mailbox(fetched)

    for _ in range(2):
        await news.check(bayeux)

    assert heard == {"admin": 1, "agent1": 0, "nobody": 0}
    assert [call.args[0] for call in bayeux.publish.call_args_list] == ["admin"]


async def test_subscriber_between_two_checks_hides_no_change(fetched: Gateway) -> None:
    account = Mock(agent=Mock(enabled=True, roles=(ADMIN,)))
    news = news_of(fetched.backend, Mock(get=AsyncMock(return_value=account)))
    bayeux = Mock(users=Mock(return_value={"first", "second"}))
    await news.present("first")
    await break_mailbox(fetched)

    await news.present("second")
    await news.check(bayeux)

    assert "first" in {call.args[0] for call in bayeux.publish.call_args_list}


async def test_change_that_could_not_be_told_is_told_at_the_next_check(fetched: Gateway) -> None:
    account = Mock(agent=Mock(enabled=True, roles=(ADMIN,)))
    agents = Mock(get=AsyncMock(return_value=account))
    news = news_of(fetched.backend, agents)
    bayeux = Mock(users=Mock(return_value={"first"}))
    await news.present("first")
    await break_mailbox(fetched)

    agents.get.side_effect = Unavailable("no database")
    with pytest.raises(Unavailable):
        await news.check(bayeux)
    agents.get.side_effect = None
    await news.check(bayeux)

    assert [call.args[0] for call in bayeux.publish.call_args_list] == ["first"]
