"""The bounds of arriving mail in `contact-center.yaml`."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from shared.contracts.description.sections import Section

_MOST: Final = 10_000

MailsInHour = Annotated[
    int | None, Field(strict=True, ge=1, le=_MOST, exclude_if=lambda value: value is None)
]


class FloodRules(Section):
    """How many mails an hour a mailbox offers: from one sender, from one domain, and in all.

    Mails beyond are kept, completed and folded under one interaction that is offered. With
    `then: defer` they are not taken in that hour, where they come by SMTP, LMTP or HTTP: their
    servers and programs keep them and try again. Fetched mail is folded. Mails whose
    sender is not proven count by themselves. Mails that join a thread count in it alone, against
    the narrowest bound.
    """

    sender: MailsInHour = None
    domain: MailsInHour = None
    mailbox: MailsInHour = None
    # Left out unless it differs, so that services of an earlier release can read the rest.
    then: Annotated[Literal["fold", "defer"], Field(exclude_if=lambda value: value == "fold")] = (
        "fold"
    )

    @model_validator(mode="after")
    def _is_given(self) -> "FloodRules":
        if (self.sender, self.domain, self.mailbox) == (None, None, None):
            raise ValueError("a bound is missing: give `sender`, `domain` or `mailbox`")
        return self
