"""`mailroom discarded` on a real database, with routing beside it."""

import asyncio
from datetime import timedelta
from unittest.mock import AsyncMock, patch

import aio_pika
import pytest

from services.console.arguments.all_commands import parser
from services.console.command_line import run
from services.console.commands import discarded
from services.console.exit_codes import Exit, NotPossibleError
from shared.contracts.commands import DisownReport
from shared.contracts.envelope import Envelope
from shared.contracts.retention import Retention
from shared.domain.errors import Refused
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import State
from shared.messaging.topology import ROUTING
from shared.runtime.refusals import Refusals
from shared.storage.mails.discarded_mails import DiscardedMailStore
from tests.connected.messaging.queues import waiting_in
from tests.connected.pods import running_pod
from tests.support.backend import CENTER, Backend

pytestmark = pytest.mark.connected

HOSTILE = "\x1b[31mCheap\r\n" + "x" * 300


@pytest.fixture(autouse=True)
def _servers(vhost_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", vhost_url)
    monkeypatch.setenv("MONGODB_URL", database_url)


async def discard(backend: Backend, mailbox: str = "support@demo.example") -> Interaction:
    text = "\n".join([HOSTILE, *map(str, range(100))])
    mail = Email(subject=HOSTILE, sender=Address("spam@example.net", "\x1b]0;x\x07"), text=text)
    found = await backend.add_mail(
        mail=mail,
        mailbox=mailbox,
        state=State.COMPLETED,
        user_data={"_Discarded": "spam", "_Screening": "spam-mark: discarded (spam)"},
    )
    backend.clock.move(timedelta(seconds=1))
    return found


async def next_order(vhost_url: str) -> Envelope[DisownReport]:
    """Take messages out of routing's queue up to the first command to release a mail."""
    connection = await aio_pika.connect(vhost_url)
    async with connection:
        queue = await (await connection.channel()).get_queue(ROUTING.name)
        while b'"disown-report"' not in (message := await queue.get(no_ack=True)).body:
            pass
        return Envelope[DisownReport].model_validate_json(message.body)


async def mailroom(line: str) -> Exit:
    """Run a command as the shell does."""
    return await asyncio.to_thread(run, parser().parse_args(line.split()))


async def test_discarded_mails_are_listed_by_mailbox_and_pages(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = [await discard(backend) for _ in range(3)]
    other = await discard(backend, "sales@demo.example")
    await backend.add_mail()

    await mailroom("discarded list --limit 2 --mailbox Support@DEMO.example")
    *lines, more = capsys.readouterr().out.splitlines()
    await mailroom(f"discarded list --mailbox support@demo.example {more.removeprefix('more: ')}")
    rest = capsys.readouterr().out.splitlines()
    await mailroom("discarded list")
    everything = capsys.readouterr().out.splitlines()
    await mailroom("discarded list --mailbox nobody@demo.example")

    assert [one.split()[0] for one in (*lines, *rest)] == [one.id for one in mails[::-1]]
    assert [one.split()[0] for one in everything] == [one.id for one in (other, *mails[::-1])]
    assert "spam@example.net  [spam]  [31mCheap" in lines[0]
    assert max(map(len, everything)) < 250
    assert capsys.readouterr().out == "no discarded mail\n"


async def test_a_discarded_mail_is_shown_bounded_and_safe(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    keeping = {"retention": Retention(discarded=timedelta(days=30))}
    await backend.configuration.write(CENTER.model_copy(update=keeping))
    mail = await discard(backend)

    assert await mailroom(f"discarded show {mail.id}") is Exit.FINE

    shown = capsys.readouterr().out
    assert "  discarded: spam\n" in shown
    assert "  rules: spam-mark: discarded (spam)\n" in shown
    assert f"  kept until: {mail.received_at + timedelta(days=30):%Y-%m-%d %H:%M}\n" in shown
    assert shown.endswith("  (cut)\n")
    assert "\x1b" not in shown
    assert len(shown.splitlines()) < 60


async def test_a_released_mail_waits_in_its_queue(
    backend: Backend,
    vhost_url: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mail = await discard(backend)

    async with running_pod("routing", vhost_url, database_url, monkeypatch):
        assert await mailroom(f"discarded release {mail.id}") is Exit.FINE
        assert await mailroom(f"discarded release {mail.id}") is Exit.NOT_FINE

    printed = capsys.readouterr()
    assert printed.out.endswith(f"{mail.id} waits in queue support\n")
    after = await backend.interactions.get(mail.id)
    assert (after.state, "_Discarded" in after.user_data) == (State.QUEUED, False)
    assert f"{mail.id} is not discarded" in printed.err


async def test_a_refused_release_tells_no_agent(
    backend: Backend, vhost_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discarded, "_PATIENCE_SECONDS", 0.1)
    mail = await discard(backend)
    await mailroom(f"discarded release {mail.id}")
    order = await next_order(vhost_url)
    publisher, interactions = AsyncMock(), AsyncMock()
    refusals = Refusals(publisher, interactions, backend.clock)

    async with refusals.reported_to_agent(order.body, order.cause):
        raise Refused("somebody else has released it in the same moment")

    publisher.publish.assert_not_awaited()
    interactions.note_refusal.assert_awaited_once_with(mail.id, order.cause)


async def test_a_release_of_a_mail_that_is_being_deleted_says_so(backend: Backend) -> None:
    mail = await discard(backend)
    mails = DiscardedMailStore(backend.database)

    async def mark(*_: object) -> Interaction:
        await mails.mark(backend.clock.now() + timedelta(days=4_000), backend.clock.now())
        return mail

    with (
        patch.object(discarded, "_discarded", mark),
        pytest.raises(NotPossibleError, match="its time is over and it is being deleted"),
    ):
        await discarded.release(mail.id)


async def test_a_release_without_routing_says_that_it_is_ordered(
    backend: Backend,
    vhost_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(discarded, "_PATIENCE_SECONDS", 0.5)
    mail = await discard(backend)
    before = await waiting_in(vhost_url, ROUTING.name)

    code = await mailroom(f"discarded release {mail.id}")

    assert code is Exit.UNAVAILABLE
    assert "routing has not done so yet" in capsys.readouterr().err
    assert await waiting_in(vhost_url, ROUTING.name) == before + 1


@pytest.mark.parametrize("act", ["show", "release"])
async def test_other_mail_is_refused_with_the_reason(
    backend: Backend, capsys: pytest.CaptureFixture[str], act: str
) -> None:
    mail = await backend.add_mail()

    assert await mailroom(f"discarded {act} {mail.id}") is Exit.NOT_FINE
    assert f"{mail.id} is not discarded: it is " in capsys.readouterr().err
    assert await mailroom(f"discarded {act} nothing") is Exit.NOT_FINE
    assert capsys.readouterr().err == "there is no mail nothing\n"


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "9" * 5000])
def test_a_limit_out_of_bounds_is_a_wrong_command(limit: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["discarded", "list", "--limit", limit])

    assert ended.value.code == Exit.USAGE
