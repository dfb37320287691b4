"""What every part of `contact-center.yaml` is made of."""

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
    """A part of the file: unknown keys are errors, so that a misspelt one is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
