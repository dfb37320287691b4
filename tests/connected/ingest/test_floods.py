"""A flood is kept and folded under one interaction; who stays within the bounds is offered."""

from typing import Any

import pytest

from services.ingest import floods
from shared.contracts.acknowledgement import Acknowledgement
from shared.contracts.commands import ParseMail
from shared.contracts.contact_center import Mailbox
from shared.contracts.description.report_rules import ReportRules
from shared.contracts.flood import FloodRules
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage.database.client import UnstorableError
from tests.support.backend import CENTER, Backend, cause
from tests.support.ingest import Ingest, envelope

pytestmark = pytest.mark.connected


JUDGE = "mx.demo.example"


def mail(number: int, sender: str, *headers: str) -> bytes:
    """Return a mail; its number is in its text and in its Message-ID."""
    lines = (f"From: {sender}", f"Message-ID: <{number}@x>", *headers, "", f"Hello {number}", "")
    return "\r\n".join(lines).encode()


def judged(result: str) -> str:
    """Return the header in which a trusted server says whether the sender is proven."""
    return f"Authentication-Results: {JUDGE}; dmarc={result}"


def answering(message_id: str) -> str:
    return f"In-Reply-To: {message_id}"


async def bound(backend: Backend, more: dict[str, Any] | None = None, /, **bounds: int) -> None:
    """Describe a contact center with bounds."""
    flood = FloodRules.model_validate(bounds)
    await backend.configuration.write(CENTER.model_copy(update={"flood": flood, **(more or {})}))


async def came(
    backend: Backend, ingest: Ingest, raw: bytes, sender: str = "a@x.org"
) -> Interaction:
    """Return what one mail becomes."""
    arrival_id = await ingest.arrivals.add(raw, envelope(sender=sender))
    await ingest.parsing.parse(ParseMail(arrival_id=arrival_id), cause())
    return await of_arrival(backend, arrival_id)


async def arrive(
    backend: Backend, ingest: Ingest, *senders: str, **bounds: int
) -> list[Interaction]:
    """Return what mails become under bounds, in the order of their arrival."""
    await bound(backend, **bounds)
    return [
        await came(backend, ingest, mail(number, sender), sender)
        for number, sender in enumerate(senders)
    ]


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
        f"Flood from {who} (not proven)",
    )
    assert await backend.database["interactions"].count_documents({}) == 6


async def test_everybody_together_has_a_bound(backend: Backend, ingest: Ingest) -> None:
    found = await arrive(backend, ingest, "a@x.org", "b@y.org", "c@z.org", mailbox=2)

    assert [one.state for one in found][1:] == [State.QUEUED, State.COMPLETED]


@pytest.mark.parametrize("kind", ["sender", "domain", "mailbox"])
async def test_forged_mails_take_no_room_of_proven_ones(
    backend: Backend, ingest: Ingest, kind: str
) -> None:
    await bound(backend, {"trusted_authentication": (JUDGE,)}, **{kind: 1})
    forged = [
        await came(backend, ingest, mail(number, "a@x.org", judged("fail"))) for number in range(3)
    ]

    real = await came(backend, ingest, mail(7, "a@x.org", judged("pass")))

    assert [one.state for one in forged] == [State.QUEUED, State.COMPLETED, State.COMPLETED]
    assert real.state is State.QUEUED


@pytest.mark.parametrize("kind", ["sender", "domain", "mailbox"])
async def test_forged_mails_fold_no_running_thread(
    backend: Backend, ingest: Ingest, kind: str
) -> None:
    first, *forged = await arrive(backend, ingest, *["a@x.org"] * 3, **{kind: 1})
    answers = [
        await came(backend, ingest, mail(number, "a@x.org", answering("<0@x>")))
        for number in (7, 8)
    ]

    assert [one.state for one in forged] == [State.COMPLETED] * 2
    assert {one.thread_id for one in answers} == {first.id}
    # A thread has room of its own, which is bounded too: anybody can begin one.
    assert [one.state for one in answers] == [State.QUEUED, State.COMPLETED]


async def test_folded_report_is_its_authors(backend: Backend, ingest: Ingest) -> None:
    await bound(backend, {"reports": ReportRules(out_of_office="author")}, sender=1)
    sent = await backend.add_mail(
        direction=Direction.OUTBOUND,
        subtype="OutboundReply",
        state=State.SENT,
        owner_id="agent1",
        thread_id="ours",
        mail=Email(to=(Address("a@x.org"),), message_id="<ours@demo.example>"),
    )
    away = ("Auto-Submitted: auto-replied", "Subject: Away", answering("<ours@demo.example>"))

    offered, folded = [
        await came(backend, ingest, mail(number, "a@x.org", *away)) for number in range(2)
    ]

    assert (offered.state, offered.preferred_id) == (State.QUEUED, "agent1")
    assert (folded.state, folded.owner_id, folded.parent_id) == (
        State.COMPLETED,
        "agent1",
        sent.id,
    )


async def test_folded_mail_says_why_it_is_not_acknowledged(
    backend: Backend, ingest: Ingest
) -> None:
    box = Mailbox(
        address="support@demo.example",
        queue="support",
        acknowledgement=Acknowledgement(text="Thank you"),
    )
    await bound(backend, {"mailboxes": (box,)}, sender=1)

    offered, folded = [
        await came(backend, ingest, mail(number, "a@x.org", "To: support@demo.example"))
        for number in range(2)
    ]

    assert "_NotAcknowledged" not in offered.user_data
    assert folded.user_data["_NotAcknowledged"] == "it is folded under a flood"


async def test_substitute_of_an_unstorable_mail_is_folded(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(backend, ingest, "a@x.org", sender=1)
    add = backend.interactions.add

    async def refuse_whole(interaction: Interaction, *others: Any, **options: Any) -> bool:
        if interaction.mail.text.startswith("Hello"):
            raise UnstorableError("too large")
        return await add(interaction, *others, **options)

    monkeypatch.setattr(backend.interactions, "add", refuse_whole)

    shown = await came(backend, ingest, mail(7, "a@x.org"))

    assert (shown.mail.warnings, shown.state) == (("unparsed",), State.COMPLETED)


async def test_death_while_folding_loses_and_counts_nothing_twice(
    backend: Backend, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(backend, ingest, "a@x.org", sender=1)
    arrival_id = await ingest.arrivals.add(mail(7, "a@x.org"), envelope(sender="a@x.org"))

    def die(name: str) -> None:
        assert name == "ingest.after_flood"
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


async def test_id_of_a_mail_that_never_came_is_no_conversation(
    backend: Backend, ingest: Ingest
) -> None:
    await bound(backend, sender=2)

    mails = [
        await came(backend, ingest, mail(number, "a@x.org", answering("<circular@x>")))
        for number in range(4)
    ]

    assert len({one.thread_id for one in mails}) == 1
    assert [one.state for one in mails] == [*[State.QUEUED] * 2, *[State.COMPLETED] * 2]
