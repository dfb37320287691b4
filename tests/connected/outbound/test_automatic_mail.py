"""Automatic mail has the null sender, is sent at most once, and troubles nobody."""

import pytest

from services.console.commands import uncertain_deliveries
from services.console.commands.restored import announce_restore
from services.outbound.return_paths import ReturnPaths
from shared.contracts.contact_center import SmtpRoute
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.lifecycle import State
from tests.connected.outbound.test_return_paths import KEY
from tests.doubles.smtp_sink import DROP_AFTER_DOT, Behavior
from tests.support.outbound import Outbound

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("console")]


async def test_automatic_mail_has_the_null_sender(outbound: Outbound) -> None:
    mail = await outbound.submit_automatic()
    outbound.sink.extensions.append("DSN")
    paths = ReturnPaths(outbound.backend.configuration.current, KEY)

    await outbound.another(return_paths=paths).deliver(mail)

    assert [one.sender for one in outbound.sink.kept] == [""]
    assert await outbound.state(mail) is State.SENT
    assert outbound.backend.take_events() == []


async def test_automatic_mail_in_doubt_is_never_sent_again(outbound: Outbound) -> None:
    outbound.sink.behaviors = [DROP_AFTER_DOT]
    mail = await outbound.submit_automatic()

    async def route() -> SmtpRoute:
        return (await outbound.stores.route()).model_copy(update={"when_uncertain": "resend"})

    for _ in range(2):
        await outbound.another(route=route).deliver(mail)

    assert len(outbound.sink.kept) == 1
    assert (await outbound.journal(mail)).state is DeliveryState.FAILED
    assert await outbound.state(mail) is State.CANCELED
    assert outbound.backend.take_events() == []


async def test_refused_automatic_mail_becomes_no_draft(outbound: Outbound) -> None:
    outbound.sink.behaviors = [Behavior(every_rcpt="550 5.1.1 unknown")]
    mail = await outbound.submit_automatic()

    await outbound.delivering.deliver(mail)

    assert await outbound.state(mail) is State.CANCELED
    assert outbound.backend.take_events() == []


@pytest.fixture
async def held(outbound: Outbound) -> str:
    """An acknowledgement that was due when a backup was taken, and is in doubt since."""
    mail = await outbound.submit_automatic()
    await announce_restore()
    assert await outbound.state(mail) is State.UNCERTAIN
    return mail


@pytest.mark.parametrize(
    ("sent", "state", "words"), [(True, State.SENT, "sent"), (False, State.CANCELED, "canceled")]
)
async def test_held_automatic_mail_is_settled(
    outbound: Outbound,
    held: str,
    capsys: pytest.CaptureFixture[str],
    *,
    sent: bool,
    state: State,
    words: str,
) -> None:
    await uncertain_deliveries.conclude(held, sent=sent)

    assert await outbound.state(held) is state
    assert capsys.readouterr().out.splitlines()[-1] == f"{held} is {words}"
    assert outbound.backend.take_events() == []


async def test_half_settled_automatic_mail_is_settled_again(outbound: Outbound, held: str) -> None:
    await outbound.backend.database["deliveries"].update_one(
        {"_id": held}, {"$set": {"state": DeliveryState.FAILED.value}}
    )

    await uncertain_deliveries.conclude(held, sent=False)

    assert await outbound.state(held) is State.CANCELED


async def test_resend_all_leaves_automatic_mail_in_doubt(
    outbound: Outbound, held: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written = await outbound.submit()
    await announce_restore()

    await uncertain_deliveries.resend_all(sure=True)

    assert (await outbound.journal(held)).state is DeliveryState.UNCERTAIN
    assert (await outbound.journal(written)).state is DeliveryState.QUEUED
    assert "left in doubt: 1" in capsys.readouterr().out.splitlines()[-1]
