"""The acknowledgements of mailboxes, and the texts for them, in `contact-center.yaml`."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from shared.contracts.description.sections import Name, Section
from shared.contracts.templates import Template

_SHORTEST: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=30)
_MOST_TEMPLATES: Final = 200

SAME_SUBJECT: Final = "{{ original.subject }}"


def _absent(value: object) -> bool:
    return value is None


Text = Annotated[Template, Field(min_length=1, max_length=20_000)]
Subject = Annotated[Template, Field(max_length=200, pattern=r"^[^\r\n]*$")]
OptionalName = Annotated[Name | None, Field(exclude_if=_absent)]


class MailTemplate(Section):
    """A text for automatic mail, which acknowledgements and screening rules name.

    `subject` and `text` may have fields such as `{{ original.subject }}`; the subject always begins
    with `Auto:` (RFC 3834 section 3.1.5).
    """

    name: Name
    text: Text
    subject: Subject = SAME_SUBJECT


class Acknowledgement(Section):
    """The automatic answer to a person's first mail, at most one per sender in `once_per`.

    Its words are `text` and `subject`, or the `template` of that name. Outside the opening hours
    `hours` they are those of the template `closed`. A screening rule may name another template.
    """

    text: Annotated[Text | None, Field(exclude_if=_absent)] = None
    subject: Annotated[Subject | None, Field(exclude_if=_absent)] = None
    template: OptionalName = None
    hours: OptionalName = None
    closed: OptionalName = None
    once_per: Annotated[timedelta, Field(ge=_SHORTEST, le=_LONGEST)] = timedelta(hours=24)

    @model_validator(mode="after")
    def _is_possible(self) -> "Acknowledgement":
        if (self.text is None) == (self.template is None):
            raise ValueError("give `text`, or `template` with a name under `templates`")
        if self.template is not None and self.subject is not None:
            raise ValueError("a template has its own subject: leave out `subject`")
        if (self.hours is None) != (self.closed is None):
            raise ValueError("`hours` and `closed` (a template) belong together: give both or none")
        return self

    def template_at(self, open_hours: frozenset[str]) -> str:
        """Return the name of the template for a mail, "" for the text that it has itself.

        `open_hours` are the names of the hours that were open when the mail came.
        """
        if self.hours and self.closed and self.hours not in open_hours:
            return self.closed
        return self.template or ""


AllTemplates = Annotated[
    tuple[MailTemplate, ...],
    Field(max_length=_MOST_TEMPLATES, exclude_if=lambda value: not value),
]
"""All texts for automatic mail of a description."""
