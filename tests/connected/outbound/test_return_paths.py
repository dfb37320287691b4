"""The bounce address of sent mail, and what the next server is asked to report."""

import pytest

from services.outbound.return_paths import ReturnPaths
from shared.contracts.contact_center import ContactCenter, Mailbox
from shared.domain.deliveries.bounce_tokens import bounce_token, with_token
from tests.support.backend import CENTER
from tests.support.outbound import Outbound

pytestmark = pytest.mark.connected

KEY = "a-key-of-the-tests-for-bounces-0123456789"


async def test_a_bounce_address_has_the_token_that_is_stored(outbound: Outbound) -> None:
    mail = await outbound.submit()
    paths = ReturnPaths(outbound.backend.configuration.current, KEY)

    await outbound.another(return_paths=paths).deliver(mail)

    token = bounce_token(KEY, mail)
    assert outbound.sink.kept[0].sender == with_token("support@demo.example", token)
    assert (await outbound.backend.newest("deliveries", mail))["token"] == token


async def test_without_a_key_the_sender_stays_as_it_is(outbound: Outbound) -> None:
    mail = await outbound.submit()

    await outbound.delivering.deliver(mail)

    assert outbound.sink.kept[0].sender == "support@demo.example"
    assert "token" not in await outbound.backend.newest("deliveries", mail)


async def test_reports_may_go_to_another_mailbox(outbound: Outbound) -> None:
    center = _with_bounces_to("sales@demo.example")
    await outbound.backend.configuration.write(center)
    mail = await outbound.submit()
    paths = ReturnPaths(outbound.backend.configuration.current, KEY)

    await outbound.another(return_paths=paths).deliver(mail)

    expected = with_token("sales@demo.example", bounce_token(KEY, mail))
    assert outbound.sink.kept[0].sender == expected


async def test_a_server_that_reports_is_asked_for_our_envelope_id(outbound: Outbound) -> None:
    mail = await outbound.submit("a+b@example.org")
    outbound.sink.extensions.append("DSN")
    paths = ReturnPaths(outbound.backend.configuration.current, KEY)

    await outbound.another(return_paths=paths).deliver(mail)

    (begin, recipient) = outbound.sink.kept[0].commands
    assert begin.endswith(f"RET=HDRS ENVID={bounce_token(KEY, mail)}")
    assert recipient.endswith("NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@example.org")


def _with_bounces_to(address: str) -> ContactCenter:
    first, *others = CENTER.mailboxes
    changed = Mailbox(address=first.address, queue=first.queue, bounces_to=address)
    return CENTER.model_copy(update={"mailboxes": (changed, *others)})
