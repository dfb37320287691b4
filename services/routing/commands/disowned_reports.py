"""Makes an ordinary mail of one that was completed without an agent."""

from typing import Final

from services.routing.offers.queue_filler import QueueFiller
from shared.contracts.commands import DisownReport
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionReceived
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery_report import PROOF_OF_REPORT
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation
from shared.domain.set_aside import REASONS
from shared.faults import crash_point
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails.report_store import ReportStore

_GONE: Final = REASONS | {"_ReportedRecipients", "_ReportMatchedBy", PROOF_OF_REPORT}


class DisownedReports:
    """Carries out what an administrator decides about a report, or about a discarded mail."""

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
            Refused: The mail was neither taken for a report nor discarded nor folded.
        """

        def decide(before: Interaction) -> Change:
            if REASONS.isdisjoint(before.user_data):
                raise Refused("this mail was neither taken for a report nor discarded nor folded")
            joined = before.thread_id not in (None, before.id)
            after = before.after(
                Operation.DISOWN,
                subtype="InboundCustomerReply" if joined else "InboundNew",
                parent_id=before.parent_id if joined else None,
                owner_id=None,
                queued_at=self._clock.now(),
                user_data={
                    name: value for name, value in before.user_data.items() if name not in _GONE
                },
            )
            return Change(after, [InteractionReceived.of(after)])

        after = await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=command.expected_version
        )
        crash_point("routing.after_release")
        if after.arrival_id:
            await self._reports.remove(after.arrival_id)
        self._filler.request(after.queue)
