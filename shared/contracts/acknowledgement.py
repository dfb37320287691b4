"""The acknowledgement of a mailbox in `contact-center.yaml`."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from shared.contracts.description.sections import Section
from shared.contracts.templates import Template

_SHORTEST: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=30)


class Acknowledgement(Section):
    """The automatic answer to a person's first mail, at most one per sender in `once_per`.

    `subject` and `text` may have fields such as `{{ original.subject }}`; the subject always begins
    with `Auto:` (RFC 3834 section 3.1.5).
    """

    text: Annotated[Template, Field(min_length=1, max_length=20_000)]
    subject: Annotated[Template, Field(max_length=200, pattern=r"^[^\r\n]*$")] = (
        "{{ original.subject }}"
    )
    once_per: Annotated[timedelta, Field(ge=_SHORTEST, le=_LONGEST)] = timedelta(hours=24)
