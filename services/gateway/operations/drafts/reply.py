"""Reply and ReplyAll (seed 001): the id of the answer is known before the answer exists."""

from typing import Final

from pydantic import Field

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.model import Flag, OneLine, Parameters
from services.gateway.operations.parameters.quoting import (
    LONGEST_INDENT,
    LONGEST_START_LINE,
    Indent,
    StartLine,
)
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import (
    EXAMPLE_ID,
    OperationRequest,
    PreparedCommand,
    created,
)
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import DraftReply
from shared.domain.lifecycle import Operation


class ReplyParameters(Parameters):
    """The seed's parameters, under the seed's names."""

    queue: OneLine = Field(alias="queueName", description="The queue of the new draft.")
    subject_prefix: OneLine = Field(
        default="",
        alias="subjectPrefix",
        description="Text before the subject of the mail that is answered.",
    )
    start_line: StartLine = Field(
        default="",
        alias="replyToStartLine",
        description=f"Text above the quoted mail, at most {LONGEST_START_LINE} characters.",
    )
    indent: Indent = Field(
        default="",
        alias="indentCharacter",
        description=f"Text before each quoted line, at most {LONGEST_INDENT} characters.",
    )
    quote_original: Flag | None = Field(
        default=None,
        alias="quoteOriginal",
        description="Whether the mail is quoted; by default Reply does not and ReplyAll does.",
    )


def prepare_reply(asked: OperationRequest) -> PreparedCommand:
    """Return the command that drafts an answer to the sender.

    Raises:
        RequestError: A parameter is missing or refused.
    """
    return _prepare(asked, to_all=False)


def prepare_reply_all(asked: OperationRequest) -> PreparedCommand:
    """Return the command that drafts an answer to the sender and those who had a copy.

    Raises:
        RequestError: A parameter is missing or refused.
    """
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
    return PreparedCommand(command, created(asked.new_id))


REPLY: Final = OperationDefinition(
    name="Reply",
    summary="Create an answer to the sender; a message ReplyCreated follows.",
    permission=Permission(Operation.REPLY, FOR_OWNER),
    parameters=ReplyParameters,
    example={
        "subjectPrefix": "Re: ",
        "replyToStartLine": "Ann wrote:",
        "indentCharacter": "> ",
        "quoteOriginal": True,
        "queueName": "drafts",
    },
    command=DraftReply,
    prepare=prepare_reply,
    answer=created(EXAMPLE_ID),
)

REPLY_ALL: Final = OperationDefinition(
    name="ReplyAll",
    summary=(
        "Create an answer to the sender, with a copy to the addresses in Cc; other addresses in "
        "To get none. The original is quoted unless `quoteOriginal` is false."
    ),
    permission=Permission(Operation.REPLY_ALL, FOR_OWNER),
    parameters=ReplyParameters,
    example={"queueName": "drafts"},
    command=DraftReply,
    prepare=prepare_reply_all,
    answer=created(EXAMPLE_ID),
)
