"""Automatic mail has the null sender, is sent at most once, and troubles nobody."""

import pytest

from services.outbound.return_paths import ReturnPaths
from shared.contracts.contact_center import SmtpRoute
from shared.domain.deliveries.delivery import DeliveryState
from shared.domain.lifecycle import State
from tests.connected.outbound.test_return_paths import KEY
from tests.doubles.smtp_sink import DROP_AFTER_DOT, Behavior
from tests.support.outbound import Outbound

pytestmark = pytest.mark.connected


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
