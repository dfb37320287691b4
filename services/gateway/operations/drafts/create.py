"""Create (seed 001, 8.5.2): begin a mail that answers nothing.

It concerns no interaction yet: the collection `/me/interactions` serves it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import AliasChoices, Field

from services.gateway.errors import refused
from services.gateway.http.json_body import Body
from services.gateway.operations.definition import OperationDescription
from services.gateway.operations.parameters.email_object import (
    MailParameters,
    edits_in,
    ignored_in,
)
from services.gateway.operations.parameters.model import OneLine
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.parameters.storable_user_data import require_storable
from services.gateway.operations.request import EXAMPLE_ID, created
from shared.contracts.commands import CreateDraft
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
    """The seed's parameters, and those of 8.5.2 that relate the mail to another one."""

    queue: OneLine = Field(alias="queueName", description="The queue of the new draft.")
    type: OneLine = Field(
        default="Outbound", alias="interactionType", description="`Outbound`, the only type."
    )
    subtype: OneLine = Field(
        default="OutboundNew",
        alias="interactionSubType",
        description=f"One of {', '.join(_SUBTYPES.values())}.",
    )
    parent_id: OneLine = Field(
        default="",
        validation_alias=AliasChoices("parentInteractionId", "parentId"),
        description="The id of the mail that this one belongs to.",
    )
    user_data: dict[str, Any] = Field(
        default_factory=dict, alias="userData", description="The user data of the new draft."
    )


def order_creation(
    body: Body, *, agent_id: str, new_id: str, contact_center: ContactCenter
) -> tuple[CreateDraft, dict[str, object]]:
    """Return the command that creates a draft under a new id, and the answer.

    Raises:
        RequestError: A parameter is missing or refused.
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
    return command, created(new_id) | ignored_in(wanted)


CREATE: Final = OperationDescription(
    name="Create",
    summary="Begin a mail that is no answer; a message ReplyCreated follows.",
    parameters=CreateParameters,
    example={
        "queueName": "drafts",
        "interactionType": "Outbound",
        "interactionSubType": "OutboundNew",
    },
    answer=created(EXAMPLE_ID),
)
