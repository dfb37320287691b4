"""How long things are kept, in `contact-center.yaml`."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from shared.contracts.description.sections import Section

_SHORTEST: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=3650)


class Retention(Section):
    """How long discarded mail is kept before it is deleted; without `discarded` for ever."""

    discarded: Annotated[
        timedelta | None,
        Field(ge=_SHORTEST, le=_LONGEST, exclude_if=lambda value: value is None),
    ] = None
