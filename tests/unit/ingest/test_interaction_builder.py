"""The author whom an arriving mail prefers."""

from dataclasses import replace

import pytest

from services.ingest.interaction_builder import Relations, ReportOn, build_interaction
from shared.contracts.contact_center import Mailbox
from shared.domain.deliveries.delivery_report import MatchedBy
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.mail.parsing.parser import parse_mail
from shared.storage.mails.arrival_store import Arrival
from tests.unit.domain.examples import NOW, inbound

ANN = "ann@example.org"
BOX = Mailbox(address="support@demo.example", queue="support")
ID = "<5ecre7.1@demo.example>"
OURS = inbound(
    id="ours",
    direction=Direction.OUTBOUND,
    state=State.SENT,
    owner_id="agent1",
    thread_id="root",
    mail=Email(to=(Address(ANN),), message_id=ID),
)


def built(
    *headers: str, proven: tuple[Interaction, ...] = (OURS,), about: ReportOn | None = None
) -> Interaction:
    """Return what an answer of Ann to our mail becomes."""
    lines = (f"From: {ANN}", f"In-Reply-To: {ID}", *headers, "", "Thank you", "")
    raw = "\r\n".join(lines).encode()
    arrival = Arrival("arrival", ANN, (BOX.address,), "192.0.2.1", NOW, raw)
    return build_interaction(
        parse_mail(raw, envelope_sender=ANN), arrival, BOX, Relations(proven, about)
    )


def test_an_answer_prefers_the_author_of_what_it_answers() -> None:
    answer = built("Subject: Re: Invoice")

    assert (answer.preferred_id, answer.state, answer.owner_id) == ("agent1", State.QUEUED, None)


def test_an_answer_without_proof_prefers_nobody() -> None:
    assert built("Subject: Re: Invoice", proven=()).preferred_id is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <list.example.org>",
        "X-Autoreply: yes",
        "Subject: Automatic reply: Invoice",
    ],
)
def test_an_automatic_mail_prefers_nobody(header: str) -> None:
    answer = built(header)

    assert (answer.thread_id, answer.preferred_id) == ("root", None)


@pytest.mark.parametrize(("offered_to", "preferred"), [("queue", None), ("author", "agent2")])
def test_a_report_prefers_only_whom_its_rule_names(offered_to: str, preferred: str | None) -> None:
    reported = replace(OURS, owner_id="agent2")
    about = ReportOn(reported, "report", MatchedBy.REFERENCES, offered_to)  # type: ignore[arg-type]

    assert built("Subject: Away", about=about).preferred_id == preferred
