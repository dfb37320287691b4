"""A mail that was wrongly taken for a report."""

import pytest

from services.routing.app import Parts
from services.routing.commands import disowned_reports as module
from services.routing.commands.disowned_reports import DisownedReports
from shared.contracts.commands import DisownReport
from shared.domain.deliveries.delivery_report import DeliveryReport, MatchedBy
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.storage.mails.report_store import ReportStore
from tests.support.backend import Backend, cause

pytestmark = pytest.mark.connected


def disowned_reports(routing: Parts, backend: Backend) -> DisownedReports:
    return DisownedReports(
        interactions=backend.interactions,
        reports=ReportStore(backend.database),
        filler=routing.filler,
        clock=backend.clock,
    )


async def completed(backend: Backend, **user_data: str) -> Interaction:
    """Store a completed report, and what it says about a sent mail."""
    mail = await backend.add_mail(
        state=State.COMPLETED,
        subtype="InboundReport",
        owner_id="agent1",
        parent_id="sent",
        arrival_id="arrived",
        user_data={"Subject": "x", **user_data},
    )
    report = DeliveryReport(
        "arrived", "out-of-office", mail.id, "sent", MatchedBy.RECIPIENT, (), backend.clock.now()
    )
    await ReportStore(backend.database).add(report)
    return mail


async def test_a_disowned_report_waits_in_its_queue(routing: Parts, backend: Backend) -> None:

    mail = await completed(
        backend, _Report="out-of-office", _ReportMatchedBy="recipient", _Discarded="spam"
    )
    order = cause()

    for _ in range(2):
        await disowned_reports(routing, backend).disown(
            DisownReport(interaction_id=mail.id, agent_id="admin"), order
        )

    after = await backend.interactions.get(mail.id)
    assert (after.state, after.subtype, after.owner_id) == (State.QUEUED, "InboundNew", None)
    assert (after.parent_id, dict(after.user_data)) == (None, {"Subject": "x"})
    assert await ReportStore(backend.database).on("sent") == []


async def test_death_after_the_release_leaves_the_report_to_the_next_try(
    routing: Parts, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = await completed(backend, _Report="out-of-office", _ReportMatchedBy="recipient")
    order, reports = cause(), disowned_reports(routing, backend)
    command = DisownReport(interaction_id=mail.id, agent_id="admin")

    def die(name: str) -> None:
        assert name == "routing.after_release"
        raise RuntimeError(name)

    monkeypatch.setattr(module, "crash_point", die)
    with pytest.raises(RuntimeError):
        await reports.disown(command, order)
    monkeypatch.undo()
    released = await backend.interactions.get(mail.id)
    await reports.disown(command, order)

    assert released.state is State.QUEUED
    assert await backend.interactions.get(mail.id) == released
    assert await ReportStore(backend.database).on("sent") == []


async def test_completed_mail_that_is_no_report_stays_completed(
    routing: Parts, backend: Backend
) -> None:
    mail = await completed(backend)

    with pytest.raises(Refused, match="neither taken for a report nor discarded"):
        await disowned_reports(routing, backend).disown(
            DisownReport(interaction_id=mail.id, agent_id="admin"), cause()
        )

    assert (await backend.interactions.get(mail.id)).state is State.COMPLETED
