"""A flood is kept and folded under one interaction; who stays within the bounds is offered."""

from typing import Any

import pytest

from services.ingest import floods
from shared.contracts.commands import ParseMail
from shared.contracts.flood import FloodRules
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import Ingest, envelope

pytestmark = pytest.mark.connected


def mail(number: int, sender: str) -> bytes:
    return f"From: {sender}\r\nMessage-ID: <{number}@x>\r\n\r\nHello {number}\r\n".encode()


async def arrive(
    backend: Backend, ingest: Ingest, *senders: str, **bounds: int
) -> list[Interaction]:
    """Return what mails become under bounds, in the order of their arrival."""
    flood = FloodRules.model_validate(bounds)
    await backend.configuration.write(CENTER.model_copy(update={"flood": flood}))
    found = []
    for number, sender in enumerate(senders):
        arrival_id = await ingest.arrivals.add(mail(number, sender), envelope(sender=sender))
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
        found.append(await of_arrival(backend, arrival_id))
    return found


async def of_arrival(backend: Backend, arrival_id: str) -> Interaction:
    document = await backend.database["interactions"].find_one({"arrival_id": arrival_id})
    assert document
    return await backend.interactions.get(document["_id"])


@pytest.mark.parametrize(
    ("bounds", "senders", "who"),
    [
        ({"sender": 2}, ["a@x.org", "A+1@x.org", "a@x.org", "a+2@X.org", "b@x.org"], "a@x.org"),
        ({"domain": 2}, ["a@x.org", "b@x.org", "c@x.org", "d@x.org", "a@y.org"], "x.org"),
    ],
)
async def test_mails_beyond_the_bound_are_folded_under_one(
    backend: Backend, ingest: Ingest, bounds: dict[str, int], senders: list[str], who: str
) -> None:
    found = await arrive(backend, ingest, *senders, **bounds)

    queued, done = State.QUEUED, State.COMPLETED
    assert [one.state for one in found] == [queued, queued, done, done, queued]
    assert [one.mail.text for one in found] == [f"Hello {number}" for number in range(5)]
    (flood_id,) = {one.parent_id for one in found[2:4]}
    flood = await backend.interactions.get(flood_id or "")
    assert (flood.state, flood.queue, flood.mail.subject) == (
        State.QUEUED,
        "support",
        f"Flood from {who}",
    )
    assert await backend.database["interactions"].count_documents({}) == 6


async def test_everybody_together_has_a_bound(backend: Backend, ingest: Ingest) -> None:
    found = await arrive(backend, ingest, "a@x.org", "b@y.org", "c@z.org", mailbox=2)

    assert [one.state for one in found][1:] == [State.QUEUED, State.COMPLETED]


async def test_death_while_folding_loses_and_counts_nothing_twice(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(backend, ingest, "a@x.org", sender=1)
    arrival_id = await ingest.arrivals.add(mail(7, "a@x.org"), envelope(sender="a@x.org"))

    def die(_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(floods, "crash_point", die)
    with pytest.raises(RuntimeError):
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
    monkeypatch.undo()
    for _ in range(2):
        await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())

    assert (await of_arrival(backend, arrival_id)).state is State.COMPLETED
    assert await backend.database["interactions"].count_documents({}) == 3


@pytest.mark.parametrize("bounds", [{}, {"sender": 0}, {"sender": 10_001}, {"sender": "30/h"}])
def test_wrong_bounds_are_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bound|greater|less|integer"):
        FloodRules.model_validate(bounds)
