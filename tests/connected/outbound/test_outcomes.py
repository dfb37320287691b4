"""The next server's words and acts, and what the author learns of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from shared.contracts.contact_center import SmtpRoute
from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    MailSent,
)
from shared.domain.deliveries.delivery import DeliveryState, RecipientState
from shared.domain.lifecycle import State
from tests.doubles.smtp_sink import (
    ACCEPT_THEN_DROP,
    DEFER_AFTER_DOT,
    DROP_AFTER_DOT,
    DROP_IN_BODY,
    GREYLIST,
    HANG_AFTER_DOT,
    REFUSE_AFTER_DOT,
    UNAVAILABLE,
    Behavior,
    ReceivedMail,
    answering,
)
from tests.support.outbound import OCTETS, Outbound

pytestmark = pytest.mark.connected

HOUR = timedelta(hours=1)


async def test_a_mail_that_is_taken_is_sent_once_with_the_same_octets(outbound: Outbound) -> None:
    mail = await outbound.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert await outbound.state(mail.id) is State.SENT
    assert (await outbound.backend.next_event(MailSent)).interaction_id == mail.id
    assert outbound.sink.kept == [
        ReceivedMail("support@demo.example", ("ann@example.org", "bob@example.org"), OCTETS)
    ]


async def test_an_attempt_is_one_line_in_the_log(outbound: Outbound) -> None:
    outbound.sink.behaviors = [DEFER_AFTER_DOT]

    with capture_logs() as logs:
        mail = await outbound.delivered("ann@example.org", "bob@example.net")

    (line,) = [one for one in logs if one["event"] == "mail not handed over"]
    assert (line["message_id"], line["correlation_id"]) == (mail.message_id, mail.correlation_id)
    assert line["domains"] == ["example.net", "example.org"]
    assert line["relay"].endswith(f":{outbound.sink.port}")
    assert (line["phase"], line["code"], line["said"]) == ("DOT", 451, "4.3.0 later")


async def test_a_large_mail_goes_out_piece_by_piece(outbound: Outbound) -> None:
    large = b"Subject: large\r\n\r\n" + b".line of text that is not short\r\n" * 100_000

    mail = await outbound.delivered(raw=large)

    assert mail.state is DeliveryState.SENT
    assert [one.octets for one in outbound.sink.kept] == [large]


@pytest.mark.parametrize("behavior", [GREYLIST, DEFER_AFTER_DOT, DROP_IN_BODY, UNAVAILABLE])
async def test_deferred_mail_is_published_and_sent_once_later(
    outbound: Outbound, behavior: Behavior
) -> None:
    outbound.sink.behaviors = [behavior]

    mail = await outbound.delivered()
    told = await outbound.backend.next_event(DeliveryDeferred)
    outbound.later(HOUR)
    await outbound.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.DEFERRED
    assert (told.interaction_id, bool(told.reason)) == (mail.id, True)
    assert (await outbound.journal(mail.id)).state is DeliveryState.SENT
    assert await outbound.state(mail.id) is State.SENT
    assert len(outbound.sink.kept) == 1


async def test_a_mail_is_not_tried_before_its_time(outbound: Outbound) -> None:
    outbound.sink.behaviors = [GREYLIST]
    mail = await outbound.delivered()

    await outbound.delivering.deliver(mail.id)

    assert (await outbound.journal(mail.id)).attempt == 1
    assert outbound.sink.kept == []


@pytest.mark.parametrize(
    "behavior",
    [REFUSE_AFTER_DOT, Behavior(mail="550 no"), Behavior(every_rcpt="550 5.1.1 unknown")],
)
async def test_refused_mail_returns_to_its_author(outbound: Outbound, behavior: Behavior) -> None:
    outbound.sink.behaviors = [behavior]

    mail = await outbound.delivered()

    assert mail.state is DeliveryState.FAILED
    assert mail.next_attempt_at is None
    assert await outbound.state(mail.id) is State.REPLY_CREATED
    assert "ann@example.org: 55" in (await outbound.backend.next_event(DeliveryFailed)).reason
    assert outbound.sink.kept == []


async def test_after_a_failure_the_author_may_send_again(outbound: Outbound) -> None:
    outbound.sink.behaviors = [REFUSE_AFTER_DOT]
    failed = await outbound.delivered()
    interaction = await outbound.backend.interactions.get(failed.id)

    await outbound.submit("right@example.org", interaction=replace(interaction, id=failed.id))
    again = await outbound.journal(failed.id)

    assert (again.state, again.attempt) == (DeliveryState.QUEUED, 0)
    assert [one.address for one in again.recipients] == ["right@example.org"]


async def test_unknown_recipient_among_others_fails_alone(outbound: Outbound) -> None:
    outbound.sink.behaviors = [answering({"bob@example.org": "550 5.1.1 unknown"})]

    mail = await outbound.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.state for one in mail.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.FAILED,
    ]
    assert (
        await outbound.backend.next_event(MailSent)
    ).reason == "bob@example.org: 550 5.1.1 unknown"
    assert [one.recipients for one in outbound.sink.kept] == [("ann@example.org",)]


async def test_deferred_recipient_is_tried_again_alone(outbound: Outbound) -> None:
    outbound.sink.behaviors = [answering({"bob@example.org": "450 4.2.0 full"})]

    mail = await outbound.delivered("ann@example.org", "bob@example.org")
    outbound.later(HOUR)
    await outbound.delivering.deliver(mail.id)

    assert (await outbound.journal(mail.id)).state is DeliveryState.SENT
    assert [one.recipients for one in outbound.sink.kept] == [
        ("ann@example.org",),
        ("bob@example.org",),
    ]


@pytest.mark.parametrize("behavior", [DROP_AFTER_DOT, HANG_AFTER_DOT])
async def test_a_dot_without_an_answer_is_uncertain_and_never_repeated(
    outbound: Outbound, behavior: Behavior
) -> None:
    outbound.sink.behaviors = [behavior]

    mail = await outbound.delivered()
    outbound.later(24 * HOUR)
    await outbound.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.UNCERTAIN
    assert await outbound.state(mail.id) is State.UNCERTAIN
    assert (await outbound.backend.next_event(DeliveryUncertain)).interaction_id == mail.id
    assert len(outbound.sink.kept) == 1


async def test_a_route_may_send_the_same_octets_once_more_after_a_doubt(outbound: Outbound) -> None:
    outbound.sink.behaviors = [DROP_AFTER_DOT, DROP_AFTER_DOT]

    async def resending() -> SmtpRoute:
        route = await outbound.stores.route()
        return route.model_copy(update={"when_uncertain": "resend"})

    delivering = outbound.another(route=resending)
    mail = await outbound.submit()
    for _ in range(3):
        await delivering.deliver(mail)
        outbound.later(HOUR)

    first, second = outbound.sink.kept
    assert first == second
    assert (await outbound.journal(mail)).state is DeliveryState.UNCERTAIN


async def test_a_server_that_hangs_up_after_its_yes_has_taken_the_mail(outbound: Outbound) -> None:
    outbound.sink.behaviors = [ACCEPT_THEN_DROP]

    first, second = await outbound.delivered(), await outbound.delivered()

    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    assert len(outbound.sink.kept) == 2


async def test_a_route_without_a_server_keeps_the_mail(outbound: Outbound) -> None:
    async def nowhere() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=1, tls="none")

    mail = await outbound.submit()
    await outbound.another(route=nowhere).deliver(mail)
    told = await outbound.backend.next_event(DeliveryDeferred)

    assert (await outbound.journal(mail)).state is DeliveryState.DEFERRED
    assert told.reason.endswith("127.0.0.1 refuses connections")


async def test_a_mail_never_goes_in_the_clear_where_the_route_wants_tls(outbound: Outbound) -> None:
    async def safe() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=outbound.sink.port, tls="starttls")

    mail = await outbound.submit()
    await outbound.another(route=safe).deliver(mail)

    assert (await outbound.journal(mail)).state is DeliveryState.DEFERRED
    assert outbound.sink.kept == []


async def test_after_two_days_the_author_gets_it_back(outbound: Outbound) -> None:
    outbound.sink.behaviors = [GREYLIST, GREYLIST]
    mail = await outbound.delivered()

    outbound.later(49 * HOUR)
    await outbound.delivering.deliver(mail.id)

    assert (await outbound.journal(mail.id)).state is DeliveryState.FAILED
    assert await outbound.state(mail.id) is State.REPLY_CREATED


async def test_connections_are_reused(outbound: Outbound) -> None:
    for _ in range(3):
        await outbound.delivered()
    outbound.later(timedelta(minutes=1))
    await outbound.delivered()

    assert (len(outbound.sink.kept), outbound.sink.connections) == (4, 1)


async def test_a_connection_is_not_used_for_ever(outbound: Outbound) -> None:
    await outbound.delivered()
    outbound.later(timedelta(minutes=11))
    await outbound.delivered()
    await outbound.delivered()

    assert outbound.sink.connections == 2
