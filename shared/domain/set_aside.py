"""The keys of user data that say what was decided about an arrived mail without an agent."""

from typing import Final

from shared.domain.deliveries.delivery_report import KIND_OF_REPORT

SCREENING: Final = "_Screening"
"""The screening rules that met the mail, and what each of them did."""

DISCARDED: Final = "_Discarded"
"""The reason that a screening rule gave."""

NOT_ACKNOWLEDGED: Final = "_NotAcknowledged"
"""The reason why a mail was not acknowledged in a mailbox that acknowledges."""

FLOOD: Final = "_Flood"
"""The interaction of the flood that a mail was folded under."""

REASONS: Final = frozenset({KIND_OF_REPORT, DISCARDED, FLOOD})
"""One of them is there where an administrator may put the mail into its queue after all."""
