"""Who is offered a report on a sent mail, in `contact-center.yaml`."""

from typing import Literal

from shared.contracts.description.sections import Section

OfferedTo = Literal["author", "queue", "nobody"]


class ReportRules(Section):
    """The agent who is offered a report on a sent mail, by its kind.

    `nobody`: it is completed at once and shown on the sent mail. `author`: it is offered to the
    author of that mail first, then to the queue. `queue`: it waits in the queue of its mailbox.
    Reports that match no sent mail follow the same rules, except for failures: `queue`.
    """

    failed: OfferedTo = "nobody"
    delayed: OfferedTo = "nobody"
    delivered: OfferedTo = "nobody"
    out_of_office: OfferedTo = "nobody"
    receipt: OfferedTo = "nobody"
    complaint: OfferedTo = "nobody"

    def for_kind(self, kind: str) -> OfferedTo:
        """Return who is offered a report of a kind."""
        fields: dict[str, OfferedTo] = {
            "failed": self.failed,
            "delayed": self.delayed,
            "out-of-office": self.out_of_office,
            "receipt": self.receipt,
            "complaint": self.complaint,
        }
        return fields.get(kind, self.delivered)

    def for_unmatched(self, kind: str) -> OfferedTo:
        """Return who is offered a report of a kind on a mail that nobody knows.

        Such a mail has no author. A failure waits in the queue whatever the rule says: nothing else
        shows it.
        """
        if kind == "failed" or self.for_kind(kind) == "author":
            return "queue"
        return self.for_kind(kind)
