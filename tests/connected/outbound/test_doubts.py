"""A mail that may have been delivered: what an operator does, and what its author hears."""

import asyncio
from datetime import timedelta
from typing import Literal

import pytest

from deploy.local.processes.ports import free_port
from services.console.commands import uncertain_deliveries
from services.console.exit_codes import Exit, NotPossibleError
from services.outbound import metrics
from services.outbound.app import count_doubts
from shared.contracts.contact_center import SmtpRoute
from shared.contracts.events import (
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryUncertain,
    MailSent,
)
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.ids import new_id
from shared.domain.lifecycle import State
from tests.doubles.smtp_sink import DROP_AFTER_DOT, Behavior, Ending
from tests.support.outbound import LEASE, Outbound

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("console")]


@pytest.fixture
async def doubtful(outbound: Outbound) -> str:
    """A mail whose dot was never answered."""
    outbound.sink.behaviors = [DROP_AFTER_DOT]
    mail = await outbound.delivered()
    await outbound.backend.next_event(DeliveryUncertain)
    return mail.id


async def test_a_mail_in_doubt_is_sent_once_more_with_the_same_octets(
    outbound: Outbound, doubtful: str
) -> None:
    await uncertain_deliveries.resend(doubtful, sure=True)
    told = await outbound.backend.next_event(DeliveryDeferred)
    state = await outbound.state(doubtful)
    await outbound.delivering.deliver(doubtful)

    assert (told.interaction_id, told.agent_id, state) == (doubtful, "agent1", State.SENDING)
    first, second = outbound.sink.kept
    assert first == second
    assert (await outbound.journal(doubtful)).state is DeliveryState.SENT
    assert await outbound.state(doubtful) is State.SENT
    assert (await outbound.backend.next_event(MailSent)).interaction_id == doubtful


async def test_doubts_are_counted_in_the_database(outbound: Outbound, doubtful: str) -> None:
    metrics.UNCERTAIN.set(0)  # as after a restart

    await count_doubts(outbound.backend.database)
    before = metrics.UNCERTAIN.collect()
    await uncertain_deliveries.conclude(doubtful, sent=True)
    await count_doubts(outbound.backend.database)

    (metric,), (settled,) = before, metrics.UNCERTAIN.collect()
    assert (metric.samples[0].name, metric.samples[0].value) == ("mailroom_uncertain_deliveries", 1)
    assert settled.samples[0].value == 0


async def test_resend_without_yes_sends_nothing(outbound: Outbound, doubtful: str) -> None:
    with pytest.raises(NotPossibleError, match="twice") as refusal:
        await uncertain_deliveries.resend(doubtful, sure=False)
    await outbound.delivering.deliver(doubtful)

    assert refusal.value.code is Exit.NOT_FINE
    assert len(outbound.sink.kept) == 1
    assert await outbound.state(doubtful) is State.UNCERTAIN


async def test_a_second_doubt_is_a_doubt_again(outbound: Outbound, doubtful: str) -> None:
    outbound.sink.behaviors = [DROP_AFTER_DOT]

    await uncertain_deliveries.resend(doubtful, sure=True)
    await outbound.delivering.deliver(doubtful)
    await outbound.delivering.deliver(doubtful)

    assert len(outbound.sink.kept) == 2
    assert await outbound.state(doubtful) is State.UNCERTAIN
    assert (await outbound.backend.next_event(DeliveryUncertain)).interaction_id == doubtful


async def test_doubt_settled_as_sent_is_sent(outbound: Outbound, doubtful: str) -> None:
    await uncertain_deliveries.conclude(doubtful, sent=True)
    await outbound.delivering.deliver(doubtful)

    assert (await outbound.backend.next_event(MailSent)).interaction_id == doubtful
    assert (await outbound.journal(doubtful)).state is DeliveryState.SENT
    assert await outbound.state(doubtful) is State.SENT
    assert len(outbound.sink.kept) == 1


async def test_undelivered_mail_returns_to_its_author_and_is_sent_again(
    outbound: Outbound, doubtful: str
) -> None:
    await uncertain_deliveries.conclude(doubtful, sent=False)
    told = await outbound.backend.next_event(DeliveryFailed)
    back = await outbound.backend.interactions.get(doubtful)
    await outbound.submit("right@example.org", interaction=back)

    assert (told.interaction_id, told.agent_id) == (doubtful, "agent1")
    assert "operator" in told.reason
    assert (back.state, back.owner_id) == (State.REPLY_CREATED, "agent1")
    assert (await outbound.journal(doubtful)).state is DeliveryState.QUEUED


async def test_a_doubt_is_ended_once(outbound: Outbound, doubtful: str) -> None:
    await uncertain_deliveries.conclude(doubtful, sent=True)

    for ending in (
        uncertain_deliveries.conclude(doubtful, sent=True),
        uncertain_deliveries.conclude(doubtful, sent=False),
        uncertain_deliveries.resend(doubtful, sure=True),
        uncertain_deliveries.resend(new_id(), sure=True),
    ):
        with pytest.raises(NotPossibleError):
            await ending

    assert await outbound.state(doubtful) is State.SENT


async def test_interrupted_command_can_be_run_again(outbound: Outbound, doubtful: str) -> None:
    interaction = await outbound.backend.interactions.get(doubtful)
    await outbound.backend.database["interactions"].update_one(
        {"_id": doubtful},
        {"$set": {"state": State.SENDING.value, "version": interaction.version + 1}},
    )

    await uncertain_deliveries.resend(doubtful, sure=True)
    await outbound.delivering.deliver(doubtful)

    assert await outbound.state(doubtful) is State.SENT
    assert len(outbound.sink.kept) == 2


async def test_doubts_are_listed(
    outbound: Outbound, doubtful: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await uncertain_deliveries.show()
    await uncertain_deliveries.conclude(doubtful, sent=True)
    await uncertain_deliveries.show()

    listed, _, afterwards = capsys.readouterr().out.splitlines()
    assert listed.startswith(doubtful)
    assert (await outbound.journal(doubtful)).message_id in listed
    assert "ann@example.org" not in listed
    assert afterwards == "no mail is in doubt"


async def test_doubts_are_listed_while_the_broker_is_away(
    outbound: Outbound,
    doubtful: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await outbound.state(doubtful) is State.UNCERTAIN
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://127.0.0.1:{free_port()}/")

    await uncertain_deliveries.show()

    assert capsys.readouterr().out.startswith(doubtful)


async def test_without_a_broker_nothing_is_sent_once_more_and_it_says_so(
    outbound: Outbound, doubtful: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://127.0.0.1:{free_port()}/")

    with pytest.raises(NotPossibleError) as refused:
        await uncertain_deliveries.resend(doubtful, sure=True)

    assert refused.value.code is Exit.UNAVAILABLE
    assert (await outbound.journal(doubtful)).state is DeliveryState.UNCERTAIN


@pytest.mark.parametrize("when_uncertain", ["hold", "resend"])
@pytest.mark.parametrize(
    ("answer", "ending", "state"),
    [
        ("250 taken", DeliveryState.SENT, State.SENT),
        ("554 not this", DeliveryState.FAILED, State.REPLY_CREATED),
    ],
)
async def test_an_answer_that_comes_after_the_lease_ends_the_doubt(
    patient_outbound: Outbound,
    answer: str,
    ending: DeliveryState,
    state: State,
    when_uncertain: Literal["hold", "resend"],
) -> None:
    async def route() -> SmtpRoute:
        usual = await patient_outbound.stores.route()
        return usual.model_copy(update={"when_uncertain": when_uncertain})

    patient_outbound.sink.behaviors = [Behavior(after_dot=answer, ending=Ending.HANG)]
    mail = await patient_outbound.submit()
    paused = asyncio.create_task(patient_outbound.another(route=route).deliver(mail))
    await patient_outbound.sink.hangs()
    patient_outbound.later(2 * LEASE)
    await patient_outbound.another(route=route).deliver(mail)
    doubted = await patient_outbound.journal(mail)

    patient_outbound.sink.release()
    await paused
    patient_outbound.later(timedelta(hours=1))
    await patient_outbound.delivering.deliver(mail)

    in_doubt = DeliveryState.UNCERTAIN if when_uncertain == "hold" else DeliveryState.DEFERRED
    assert doubted.state is in_doubt
    found = await patient_outbound.journal(mail)
    assert (found.state, found.next_attempt_at) == (ending, None)
    assert await patient_outbound.state(mail) is state
    assert len(patient_outbound.sink.kept) == (1 if ending is DeliveryState.SENT else 0)
