"""The keys of user data that say why an arrived mail was completed without an agent."""

from typing import Final

from shared.domain.deliveries.delivery_report import KIND_OF_REPORT

SCREENING: Final = "_Screening"
"""The screening rules that met the mail, and what each of them did."""

DISCARDED: Final = "_Discarded"
"""The reason that a screening rule gave."""

REASONS: Final = frozenset({KIND_OF_REPORT, DISCARDED})
"""One of them is there where an administrator may put the mail into its queue after all."""
