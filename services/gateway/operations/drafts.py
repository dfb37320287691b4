"""Create, Save, Forward, Redirect: mails that agents begin, keep and pass on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AliasChoices, Field

from services.gateway.http.json_body import Body
from services.gateway.operations.addresses import read_addresses
from services.gateway.operations.email_object import (
    MailParameters,
    changed_addresses,
    edits_in,
    ignored_in,
)
from services.gateway.operations.email_object_keys import by_field, require_known
from services.gateway.operations.operation_request import (
    OK,
    ZERO,
    OperationRequest,
    PreparedCommand,
    missing,
    refused,
)
from services.gateway.operations.parameters import OneLine, Text, read, require_queue
from services.gateway.operations.user_data import require_storable
from shared.contracts.commands import (
    CreateDraft,
    DraftForward,
    MailAddress,
    RedirectMail,
    SaveDraft,
)
from shared.contracts.contact_center import ContactCenter

_SUBTYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name.lower(): name
        for name in (
            "OutboundNew",
            "OutboundReply",
            "OutboundNotification",
            "OutboundCollaborationInvite",
        )
    }
)


class CreateParameters(MailParameters):
    """The seed's parameters, and those of 8.5.2 that say what the mail belongs to."""

    queue: OneLine = Field(alias="queueName")
    type: OneLine = Field(default="Outbound", alias="interactionType")
    subtype: OneLine = Field(default="OutboundNew", alias="interactionSubType")
    parent_id: OneLine = Field(
        default="", validation_alias=AliasChoices("parentInteractionId", "parentId")
    )
    user_data: dict[str, Any] = Field(default_factory=dict, alias="userData")


class SaveParameters(MailParameters):
    """What the agent wrote so far, and keys of the user data to set."""

    user_data: dict[str, Any] = Field(default_factory=dict, alias="userData")


class ForwardParameters(MailParameters):
    """As for a reply; whom it is for may be said now or when it is sent."""

    queue: OneLine = Field(alias="queueName")
    subject_prefix: OneLine = Field(default="Fwd: ", alias="subjectPrefix")
    start_line: Annotated[Text, Field(max_length=2000)] = Field(
        default="", validation_alias=AliasChoices("forwardStartLine", "replyToStartLine")
    )
    indent: Annotated[OneLine, Field(max_length=32)] = Field(default="", alias="indentCharacter")


class RedirectParameters(MailParameters):
    """Where the mail goes on to."""

    queue: OneLine = Field(default="", alias="queueName")


def order_creation(
    body: Body, *, agent_id: str, new_id: str, contact_center: ContactCenter
) -> tuple[CreateDraft, dict[str, object]]:
    """Return the command that begins a mail under a new id, and what its author is answered.

    Raises:
        RequestError: It cannot be begun with these parameters.
    """
    wanted = read(CreateParameters, body)
    if wanted.type.lower() != "outbound":
        raise refused("interactionType has to be Outbound")
    subtype = _SUBTYPES.get(wanted.subtype.lower())
    if subtype is None:
        raise refused(f"interactionSubType has to be one of {', '.join(_SUBTYPES.values())}")
    command = CreateDraft(
        interaction_id=new_id,
        agent_id=agent_id,
        queue=require_queue(wanted.queue, contact_center),
        subtype=subtype,
        parent_id=wanted.parent_id,
        user_data=require_storable(wanted.user_data, {}),
        edits=edits_in(wanted, contact_center),
    )
    return command, _answer(new_id) | ignored_in(wanted)


def prepare_save(asked: OperationRequest) -> PreparedCommand:
    """Keep what the agent has written so far."""
    return _saving(asked, OK, is_update=False)


def prepare_update(asked: OperationRequest) -> PreparedCommand:
    """Do the same for who puts the whole resource (PUT)."""
    return _saving(asked, ZERO, is_update=True)


def prepare_forward(asked: OperationRequest) -> PreparedCommand:
    """Begin a mail that passes this one on, with its files."""
    wanted = read(ForwardParameters, asked.body)
    command = DraftForward(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        forward_id=asked.new_id,
        queue=require_queue(wanted.queue, asked.contact_center),
        subject_prefix=wanted.subject_prefix,
        start_line=wanted.start_line,
        indent=wanted.indent,
        edits=edits_in(wanted, asked.contact_center),
    )
    return PreparedCommand(command, _answer(asked.new_id) | ignored_in(wanted))


def prepare_redirect(asked: OperationRequest) -> PreparedCommand:
    """Send the customer's mail on as it came, and end the work on it."""
    wanted = read(RedirectParameters, asked.body)
    command = RedirectMail(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        redirect_id=asked.new_id,
        to=_recipients(wanted, asked),
        queue=require_queue(wanted.queue, asked.contact_center) if wanted.queue else "",
    )
    ignored = [key for key in wanted.mail if key not in by_field(wanted.mail).get("to", {})]
    named = {"ignoredKeys": ignored} if ignored else {}
    return PreparedCommand(command, {**ZERO, "interactionId": asked.new_id, **named})


def _saving(
    asked: OperationRequest, answer: Mapping[str, object], *, is_update: bool
) -> PreparedCommand:
    wanted = read(SaveParameters, asked.body)
    if not wanted.mail and not wanted.user_data:
        raise missing("email_object")
    command = SaveDraft(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        edits=edits_in(wanted, asked.contact_center, asked.interaction.mail),
        put=require_storable(wanted.user_data, asked.interaction.user_data),
        is_update=is_update,
    )
    return PreparedCommand(command, {**answer, **ignored_in(wanted, asked.interaction)})


def _recipients(wanted: MailParameters, asked: OperationRequest) -> list[MailAddress]:
    require_known(wanted.mail)
    given = {
        f"{place}{key}": read_addresses(value, "toAddress")
        for place, mail in (("", asked.body), ("email_object.", wanted.mail))
        for key, value in by_field(mail).get("to", {}).items()
    }
    found = changed_addresses(given, ())
    if not found:
        raise missing("toAddress")
    if any(asked.contact_center.owns(one.address) for one in found):
        raise refused("a mail cannot be redirected to ourselves")
    return found


def _answer(new_id: str) -> dict[str, object]:
    return {**OK, "replyInteractionId": new_id, "interactionId": new_id}
