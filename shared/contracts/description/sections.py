"""The base classes of the sections in `contact-center.yaml`."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            "a name has 1 to 64 letters, digits, dots, hyphens and underscores, "
            "and begins with a letter or digit"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]


class Section(BaseModel):
    """A section of the file. Unknown keys are errors, so that a misspelt key is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
