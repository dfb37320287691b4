"""What the next server says and does, and what the author learns of it."""

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
from shared.domain.delivery import DeliveryState, RecipientState
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
    Kept,
    Manner,
    answering,
)
from tests.support.outbound import OCTETS, Post

pytestmark = pytest.mark.connected

HOUR = timedelta(hours=1)


async def test_a_mail_that_is_taken_is_sent_once_with_the_same_octets(post: Post) -> None:
    mail = await post.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert await post.state(mail.id) is State.SENT
    assert (await post.world.hear(MailSent)).interaction_id == mail.id
    assert post.sink.kept == [
        Kept("support@demo.example", ("ann@example.org", "bob@example.org"), OCTETS)
    ]


async def test_an_attempt_is_one_line_in_the_log(post: Post) -> None:
    post.sink.manners = [DEFER_AFTER_DOT]

    with capture_logs() as logs:
        mail = await post.delivered("ann@example.org", "bob@example.net")

    (line,) = [one for one in logs if one["event"] == "mail not handed over"]
    assert (line["message_id"], line["correlation_id"]) == (mail.message_id, mail.correlation_id)
    assert line["domains"] == ["example.net", "example.org"]
    assert line["relay"].endswith(f":{post.sink.port}")
    assert (line["phase"], line["code"], line["said"]) == ("DOT", 451, "4.3.0 later")


async def test_a_large_mail_goes_out_piece_by_piece(post: Post) -> None:
    large = b"Subject: large\r\n\r\n" + b".line of text that is not short\r\n" * 100_000

    mail = await post.delivered(raw=large)

    assert mail.state is DeliveryState.SENT
    assert [one.octets for one in post.sink.kept] == [large]


@pytest.mark.parametrize("manner", [GREYLIST, DEFER_AFTER_DOT, DROP_IN_BODY, UNAVAILABLE])
async def test_deferred_mail_is_published_and_sent_once_later(post: Post, manner: Manner) -> None:
    post.sink.manners = [manner]

    mail = await post.delivered()
    told = await post.world.hear(DeliveryDeferred)
    post.later(HOUR)
    await post.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.DEFERRED
    assert (told.interaction_id, bool(told.reason)) == (mail.id, True)
    assert (await post.journal(mail.id)).state is DeliveryState.SENT
    assert await post.state(mail.id) is State.SENT
    assert len(post.sink.kept) == 1


async def test_a_mail_is_not_tried_before_its_time(post: Post) -> None:
    post.sink.manners = [GREYLIST]
    mail = await post.delivered()

    await post.delivering.deliver(mail.id)

    assert (await post.journal(mail.id)).attempt == 1
    assert post.sink.kept == []


@pytest.mark.parametrize(
    "manner", [REFUSE_AFTER_DOT, Manner(mail="550 no"), Manner(every_rcpt="550 5.1.1 unknown")]
)
async def test_refused_mail_returns_to_its_author(post: Post, manner: Manner) -> None:
    post.sink.manners = [manner]

    mail = await post.delivered()

    assert mail.state is DeliveryState.FAILED
    assert mail.next_attempt_at is None
    assert await post.state(mail.id) is State.REPLY_CREATED
    assert "ann@example.org: 55" in (await post.world.hear(DeliveryFailed)).reason
    assert post.sink.kept == []


async def test_after_a_failure_the_author_may_send_again(post: Post) -> None:
    post.sink.manners = [REFUSE_AFTER_DOT]
    failed = await post.delivered()
    interaction = await post.world.interactions.get(failed.id)

    await post.submit("right@example.org", interaction=replace(interaction, id=failed.id))
    again = await post.journal(failed.id)

    assert (again.state, again.attempt) == (DeliveryState.QUEUED, 0)
    assert [one.address for one in again.recipients] == ["right@example.org"]


async def test_one_unknown_recipient_fails_alone(post: Post) -> None:
    post.sink.manners = [answering({"bob@example.org": "550 5.1.1 unknown"})]

    mail = await post.delivered("ann@example.org", "bob@example.org")

    assert mail.state is DeliveryState.SENT
    assert [one.state for one in mail.recipients] == [
        RecipientState.ACCEPTED,
        RecipientState.FAILED,
    ]
    assert (await post.world.hear(MailSent)).reason == "bob@example.org: 550 5.1.1 unknown"
    assert [one.recipients for one in post.sink.kept] == [("ann@example.org",)]


async def test_one_deferred_recipient_is_tried_again_alone(post: Post) -> None:
    post.sink.manners = [answering({"bob@example.org": "450 4.2.0 full"})]

    mail = await post.delivered("ann@example.org", "bob@example.org")
    post.later(HOUR)
    await post.delivering.deliver(mail.id)

    assert (await post.journal(mail.id)).state is DeliveryState.SENT
    assert [one.recipients for one in post.sink.kept] == [
        ("ann@example.org",),
        ("bob@example.org",),
    ]


@pytest.mark.parametrize("manner", [DROP_AFTER_DOT, HANG_AFTER_DOT])
async def test_a_dot_without_an_answer_is_uncertain_and_never_repeated(
    post: Post, manner: Manner
) -> None:
    post.sink.manners = [manner]

    mail = await post.delivered()
    post.later(24 * HOUR)
    await post.delivering.deliver(mail.id)

    assert mail.state is DeliveryState.UNCERTAIN
    assert await post.state(mail.id) is State.UNCERTAIN
    assert (await post.world.hear(DeliveryUncertain)).interaction_id == mail.id
    assert len(post.sink.kept) == 1


async def test_a_route_may_send_the_same_octets_once_more_after_a_doubt(post: Post) -> None:
    post.sink.manners = [DROP_AFTER_DOT, DROP_AFTER_DOT]

    async def resending() -> SmtpRoute:
        route = await post.stores.route()
        return route.model_copy(update={"when_uncertain": "resend"})

    delivering = post.another(route=resending)
    mail = await post.submit()
    for _ in range(3):
        await delivering.deliver(mail)
        post.later(HOUR)

    first, second = post.sink.kept
    assert first == second
    assert (await post.journal(mail)).state is DeliveryState.UNCERTAIN


async def test_a_server_that_hangs_up_after_its_yes_has_taken_the_mail(post: Post) -> None:
    post.sink.manners = [ACCEPT_THEN_DROP]

    first, second = await post.delivered(), await post.delivered()

    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    assert len(post.sink.kept) == 2


async def test_a_route_without_a_server_keeps_the_mail(post: Post) -> None:
    async def nowhere() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=1, tls="none")

    mail = await post.submit()
    await post.another(route=nowhere).deliver(mail)
    told = await post.world.hear(DeliveryDeferred)

    assert (await post.journal(mail)).state is DeliveryState.DEFERRED
    assert "127.0.0.1 cannot be reached" in told.reason


async def test_a_mail_never_goes_in_the_clear_where_the_route_wants_tls(post: Post) -> None:
    async def safe() -> SmtpRoute:
        return SmtpRoute(host="127.0.0.1", port=post.sink.port, tls="starttls")

    mail = await post.submit()
    await post.another(route=safe).deliver(mail)

    assert (await post.journal(mail)).state is DeliveryState.DEFERRED
    assert post.sink.kept == []


async def test_after_two_days_the_author_gets_it_back(post: Post) -> None:
    post.sink.manners = [GREYLIST, GREYLIST]
    mail = await post.delivered()

    post.later(49 * HOUR)
    await post.delivering.deliver(mail.id)

    assert (await post.journal(mail.id)).state is DeliveryState.FAILED
    assert await post.state(mail.id) is State.REPLY_CREATED


async def test_connections_are_reused(post: Post) -> None:
    for _ in range(3):
        await post.delivered()
    post.later(timedelta(minutes=1))
    await post.delivered()

    assert (len(post.sink.kept), post.sink.connections) == (4, 1)


async def test_a_connection_is_not_used_for_ever(post: Post) -> None:
    await post.delivered()
    post.later(timedelta(minutes=11))
    await post.delivered()
    await post.delivered()

    assert post.sink.connections == 2
