"""Rules change an arriving mail, and decide whether it is acknowledged."""

from datetime import timedelta
from typing import Any

import pytest

from services.ingest.interaction_builder import Relations, build_interaction
from services.ingest.screening import Screened, screen
from shared.contracts.acknowledgement import Acknowledgement, MailTemplate
from shared.contracts.commands import AcknowledgeMail
from shared.contracts.contact_center import ContactCenter, Mailbox, Queue
from shared.contracts.hours import OpeningHours
from shared.contracts.screening import ScreeningRule
from shared.domain.contacts.contact import Contact
from shared.domain.lifecycle import State
from shared.domain.mail_envelope import Way
from shared.mail.parsing.parser import parse_mail
from shared.screening.mail_texts import MailTexts
from shared.storage.mails.arrival_store import Arrival
from tests.unit.domain.examples import NOW

ANN = "ann@example.org"
BOX = Mailbox(
    address="support@demo.example",
    queue="support",
    acknowledgement=Acknowledgement(text="Thank you"),
)


def came(
    *headers: str,
    box: Mailbox = BOX,
    contact: Contact | None = None,
    way: Way = Way.SMTP,
    hours: tuple[OpeningHours, ...] = (),
    **then: Any,
) -> Screened:
    """Return what a mail of Ann becomes under a rule that meets, if one is given."""
    lines = (f"From: {ANN}", "To: support@demo.example", *headers, "", "Hello", "")
    raw = "\r\n".join(lines).encode()
    arrival = Arrival("arrival", f"<{ANN}>", (box.address,), "192.0.2.1", NOW, raw, way=way)
    mail = parse_mail(raw, envelope_sender=ANN)
    rule = {"name": "one", "when": then.pop("when", {"body": "hello"}), "then": then}
    rules = [ScreeningRule.model_validate(rule)] if then else []
    templates = tuple(MailTemplate(name=name, text=name) for name in ("open", "shut", "gold"))
    center = ContactCenter(
        name="demo",
        queues=(Queue(name="support"),),
        mailboxes=(box,),
        hours=hours,
        templates=templates,
    )
    built = build_interaction(mail, arrival, box, Relations((), contact=contact))
    return screen(built, MailTexts(mail, raw), arrival, box, center, rules, contact)


def test_first_mail_of_a_person_is_acknowledged() -> None:
    found = came()

    assert found.acknowledgement == AcknowledgeMail(interaction_id=found.interaction.id, to=ANN)
    assert "_NotAcknowledged" not in found.interaction.user_data


def test_words_of_an_acknowledgement_follow_rule_and_hours() -> None:
    always = {"name": "a", "time_zone": "UTC", "week": {"mon-sun": ["00:00-24:00"]}}
    closing = BOX.model_copy(
        update={"acknowledgement": Acknowledgement(template="open", hours="a", closed="shut")}
    )

    def template(closed: list[dict[str, str]], **then: Any) -> str:
        hours = OpeningHours.model_validate({**always, "closed": closed})
        command = came(box=closing, hours=(hours,), **then).acknowledgement
        return command.template if command else ""

    today = {"day": f"{NOW:%Y-%m-%d}"}
    assert template([]) == "open"
    assert template([today]) == "shut"
    assert template([today], template="gold") == "gold"


def test_priority_and_needs_of_a_rule_are_the_interactions() -> None:
    found = came(priority=2, needs={"german": 2}).interaction

    assert (found.priority, dict(found.needs)) == (2, {"german": 2})
    assert found.rank == NOW - timedelta(hours=1)


def test_fetched_mail_without_date_is_not_acknowledged() -> None:
    found = came(way=Way.IMAP)

    assert found.acknowledgement is None
    assert found.interaction.user_data["_NotAcknowledged"] == (
        "it does not say when it was written, and may be old"
    )


def test_mail_of_a_blocked_contact_is_not_acknowledged() -> None:
    found = came(contact=Contact("1", is_blocked=True))

    assert (found.acknowledgement, found.interaction.state) == (None, State.COMPLETED)
    assert found.interaction.user_data["_NotAcknowledged"] == "nobody is offered it"


def test_contact_is_known_from_its_second_mail_on() -> None:
    rule: Any = {"when": {"contact.known": True, "contact.group": "gold"}, "queue": "gold"}

    first = came(contact=Contact("1", groups=("gold",), made_at=NOW), **rule)
    second = came(contact=Contact("1", groups=("gold",), made_at=NOW - timedelta(days=1)), **rule)

    assert (first.interaction.queue, second.interaction.queue) == ("support", "gold")


def test_mailbox_without_acknowledgement_sends_none() -> None:
    found = came(box=BOX.model_copy(update={"acknowledgement": None}))

    assert found.acknowledgement is None
    assert "_NotAcknowledged" not in found.interaction.user_data


@pytest.mark.parametrize(
    ("headers", "then", "state", "words"),
    [
        (["List-Id: <x.example>"], {}, State.QUEUED, "a machine has written it (mailing list)"),
        ([], {"acknowledge": False}, State.QUEUED, "a screening rule says so"),
        ([], {"discard": "spam"}, State.COMPLETED, "a screening rule says so"),
    ],
)
def test_reason_against_an_acknowledgement_is_noted(
    headers: list[str], then: dict[str, Any], state: State, words: str
) -> None:
    found = came(*headers, **then)

    assert found.acknowledgement is None
    assert found.interaction.state is state
    assert found.interaction.user_data["_NotAcknowledged"] == words
