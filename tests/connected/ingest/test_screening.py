"""Screening rules decide about mail as it arrives."""

from typing import Any

import pytest

from services.console.commands.trace import MailTrace
from services.ingest.arrival_parser import _messages_about
from services.ingest.screening import Screened
from shared.contracts.commands import ParseMail
from shared.contracts.screening import ScreeningRule
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import Ingest, envelope

pytestmark = pytest.mark.connected

MAIL = b"From: ann@example.org\r\nMessage-ID: <1@example.org>\r\nX-Spam: yes\r\n\r\nHello\r\n"
TO_SALES = {"queue": "sales", "user_data": {"Segment": "gold", "Subject": "ours stays"}}


async def came(backend: Backend, ingest: Ingest, then: dict[str, Any]) -> Interaction:
    """Return the interaction of a mail that arrives under one rule."""
    rule = ScreeningRule.model_validate(
        {"name": "one", "when": {"header": {"X-Spam": "yes"}}, "then": then}
    )
    await backend.configuration.write(CENTER.model_copy(update={"screening": (rule,)}))
    arrival_id = await ingest.arrivals.add(MAIL, envelope(sender="ann@example.org"))
    await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
    found = await backend.database["interactions"].find_one({"arrival_id": arrival_id})
    assert found
    return await backend.interactions.get(found["_id"])


async def test_rule_decides_queue_and_attaches_data(backend: Backend, ingest: Ingest) -> None:
    mail = await came(backend, ingest, TO_SALES)

    assert (mail.queue, mail.state) == ("sales", State.QUEUED)
    assert (mail.user_data["Segment"], mail.user_data["Subject"]) == ("gold", "")
    lines = [line async for line in MailTrace(backend.database).lines("1@example.org")]
    assert f"{mail.id}: screened by one: to queue sales, attach Segment, Subject" in lines


async def test_discarded_mail_is_kept_and_offered_to_nobody(
    backend: Backend, ingest: Ingest
) -> None:
    mail = await came(backend, ingest, {"discard": "spam"})

    assert (mail.state, mail.queue, mail.mail.text) == (State.COMPLETED, "support", "Hello")
    assert (mail.user_data["_Discarded"], mail.user_data["_Screening"]) == (
        "spam",
        "one: discard as spam",
    )
    assert (
        list(_messages_about(Screened(mail), await ingest.arrivals.get(mail.arrival_id or "")))
        == []
    )
