"""The verdicts of reports on the recipients of a sent mail."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.deliveries.delivery import Delivery, Recipient, RecipientState
from shared.domain.deliveries.delivery_report import (
    DeliveryReport,
    MatchedBy,
    ReportedVerdict,
    reported_recipients,
    words_about,
)

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def delivery(*addresses: str) -> Delivery:
    recipients = tuple(Recipient(one, RecipientState.ACCEPTED, 250, "ok", NOW) for one in addresses)
    return Delivery("d", "agent1", "<1@x>", "support@demo.example", recipients, NOW)


def report(
    kind: str, *verdicts: ReportedVerdict, minutes: int = 1, by: MatchedBy = MatchedBy.TOKEN
) -> DeliveryReport:
    at = NOW + timedelta(minutes=minutes)
    return DeliveryReport(f"r{minutes}", kind, "i", "d", by, verdicts, at)


def verdict(address: str, status: str = "5.1.1", original: str = "") -> ReportedVerdict:
    return ReportedVerdict(address, status, hard=True, original=original)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("failed", RecipientState.BOUNCED),
        ("delayed", RecipientState.DELAYED),
        ("delivered", RecipientState.DELIVERED),
        ("receipt", RecipientState.DELIVERED),
        ("complaint", RecipientState.COMPLAINED),
        ("out-of-office", RecipientState.ACCEPTED),
        ("relayed", RecipientState.ACCEPTED),
    ],
)
def test_a_report_gives_its_recipient_a_state(kind: str, state: RecipientState) -> None:
    found = reported_recipients(
        delivery("a@x.example", "b@x.example"), [report(kind, verdict("A@x.example"))]
    )

    assert [one.state for one in found] == [state, RecipientState.ACCEPTED]


def test_a_verdict_on_a_forwarded_address_counts_for_the_original() -> None:
    forwarded = verdict("inner@y.example", original="b@x.example")

    found = reported_recipients(
        delivery("a@x.example", "b@x.example"), [report("failed", forwarded)]
    )

    assert [one.state for one in found] == [RecipientState.ACCEPTED, RecipientState.BOUNCED]


def test_a_mail_to_one_person_needs_no_address() -> None:
    (found,) = reported_recipients(
        delivery("a@x.example"), [report("failed", verdict("else@y.example"))]
    )

    assert (found.address, found.state, found.status) == (
        "a@x.example",
        RecipientState.BOUNCED,
        "5.1.1",
    )


def test_a_strange_address_among_several_changes_nobody() -> None:
    found = reported_recipients(
        delivery("a@x.example", "b@x.example"), [report("failed", verdict("c@y.example"))]
    )

    assert {one.state for one in found} == {RecipientState.ACCEPTED}


def test_a_later_report_counts_but_no_delay_after_an_end() -> None:
    (found,) = reported_recipients(
        delivery("a@x.example"),
        [
            report("delayed", verdict("a@x.example", "4.4.1"), minutes=3),
            report("failed", verdict("a@x.example"), minutes=2),
            report("delayed", verdict("a@x.example", "4.4.1"), minutes=1),
        ],
    )

    assert (found.state, found.status) == (RecipientState.BOUNCED, "5.1.1")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_report_without_proof_changes_no_proven_end(order: tuple[int, int]) -> None:
    proven, forged = order
    reports = [
        report("failed", verdict("a@x.example"), minutes=proven),
        report("delivered", verdict("a@x.example"), minutes=forged, by=MatchedBy.RECIPIENT),
    ]

    (found,) = reported_recipients(delivery("a@x.example"), reports)

    assert (found.state, found.is_proven) == (RecipientState.BOUNCED, True)


def test_proven_delay_ends_what_was_said_without_proof() -> None:
    reports = [
        report("failed", verdict("a@x.example"), by=MatchedBy.RECIPIENT),
        report("delayed", verdict("a@x.example"), minutes=2),
    ]

    (found,) = reported_recipients(delivery("a@x.example"), reports)

    assert (found.state, found.is_proven) == (RecipientState.DELAYED, True)


@pytest.mark.parametrize("by", list(MatchedBy))
def test_only_a_token_is_a_proof(by: MatchedBy) -> None:
    told = report("failed", verdict("a@x.example"), by=by)

    (found,) = reported_recipients(delivery("a@x.example"), [told])

    assert found.is_proven is (by in {MatchedBy.TOKEN, MatchedBy.ENVELOPE_ID})
    assert ("not proven" in words_about(told)) is not found.is_proven
