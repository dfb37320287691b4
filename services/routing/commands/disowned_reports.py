"""Makes an ordinary mail of one that was taken for a report."""

from typing import Final

from services.routing.offers.queue_filler import QueueFiller
from shared.contracts.commands import DisownReport
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionReceived
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery_report import KIND_OF_REPORT
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails.report_store import ReportStore

_OF_REPORTS: Final = frozenset(
    {KIND_OF_REPORT, "_ReportedRecipients", "_ReportMatchedBy", "_ReportProof"}
)


class DisownedReports:
    """Carries out what an administrator decides about a report."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        reports: ReportStore,
        filler: QueueFiller,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._reports = reports
        self._filler = filler
        self._clock = clock

    async def disown(self, command: DisownReport, cause: Cause) -> None:
        """Put the mail into its queue, and take the report from the sent mail.

        If the process dies between the two, the command comes again and removes the report.

        Raises:
            Refused: The mail was not taken for a report.
        """

        def decide(before: Interaction) -> Change:
            if KIND_OF_REPORT not in before.user_data:
                raise Refused("this mail was not taken for a report")
            joined = before.thread_id not in (None, before.id)
            after = before.after(
                Operation.DISOWN,
                subtype="InboundCustomerReply" if joined else "InboundNew",
                parent_id=before.parent_id if joined else None,
                owner_id=None,
                queued_at=self._clock.now(),
                user_data={
                    name: value
                    for name, value in before.user_data.items()
                    if name not in _OF_REPORTS
                },
            )
            return Change(after, [InteractionReceived.of(after)])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        if after.arrival_id:
            await self._reports.remove(after.arrival_id)
        self._filler.request(after.queue)
