"""The parameters that say how a mail is quoted, for Reply, ReplyAll and Forward."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from services.gateway.operations.parameters.model import OneLine, Text

LONGEST_START_LINE: Final = 2000
"""Characters above the quoted mail."""
LONGEST_INDENT: Final = 32
"""Characters before each quoted line; every line of a long mail grows by them."""

StartLine: TypeAlias = Annotated[Text, Field(max_length=LONGEST_START_LINE)]
Indent: TypeAlias = Annotated[OneLine, Field(max_length=LONGEST_INDENT)]
