"""Reply and ReplyAll (seed 001): the id of the answer is known before the answer exists."""

from typing import Annotated

from pydantic import Field

from services.gateway.operations.operation_request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.parameters import (
    Flag,
    OneLine,
    Parameters,
    Text,
    read,
    require_queue,
)
from shared.contracts.commands import DraftReply

_LONGEST_START_LINE = 2000
_LONGEST_INDENT = 32


class ReplyParameters(Parameters):
    """The seed's parameters, under the seed's names."""

    queue: OneLine = Field(alias="queueName")
    subject_prefix: OneLine = Field(default="", alias="subjectPrefix")
    start_line: Annotated[Text, Field(max_length=_LONGEST_START_LINE)] = Field(
        default="", alias="replyToStartLine"
    )
    indent: Annotated[OneLine, Field(max_length=_LONGEST_INDENT)] = Field(
        default="", alias="indentCharacter"
    )
    quote_original: Flag | None = Field(default=None, alias="quoteOriginal")


def prepare_reply(asked: OperationRequest) -> PreparedCommand:
    """Answer the one who wrote; the original is quoted only where that is asked for."""
    return _prepare(asked, to_all=False)


def prepare_reply_all(asked: OperationRequest) -> PreparedCommand:
    """Answer everybody; the original is quoted unless that is refused."""
    return _prepare(asked, to_all=True)


def _prepare(asked: OperationRequest, *, to_all: bool) -> PreparedCommand:
    wanted = read(ReplyParameters, asked.body)
    command = DraftReply(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        reply_id=asked.new_id,
        queue=require_queue(wanted.queue, asked.contact_center),
        to_all=to_all,
        quote_original=to_all if wanted.quote_original is None else wanted.quote_original,
        subject_prefix=wanted.subject_prefix,
        start_line=wanted.start_line,
        indent=wanted.indent,
    )
    return PreparedCommand(
        command, {**OK, "replyInteractionId": asked.new_id, "interactionId": asked.new_id}
    )
