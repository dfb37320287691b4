"""The messages of each CometD topic, by state, with their schemas and examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from services.gateway.notifications.topics import (
    CHANNELS,
    EMAILS,
    INTERACTIONS,
    MAILBOXES,
    WORKBINS,
)
from services.gateway.rest.openapi import examples
from services.gateway.rest.openapi.message_fields import (
    ATTACHMENT,
    COMMON_FIELDS,
    DELIVERY,
    EMAIL_OBJECT,
    FIELDS,
    HEADING,
    MESSAGE_ONLY_STATES,
    OWN_STATES,
    REQUIRED_FIELDS,
    TEXT_SECTION,
)
from services.gateway.rest.openapi.schema_builders import (
    ANYTHING,
    NUMBER,
    TEXT,
    Schema,
    array_of,
    object_of,
    ref,
)
from services.gateway.wire.fields import (
    CHANNEL_STATE_CHANGE,
    EMAIL_STATE_CHANGE,
    INTERACTION_STATE,
    MAILBOX_STATE,
    WORKBIN_CONTENT,
    WORKBIN_STATE_CHANGE,
    of_type,
)
from services.gateway.wire.messages import NotificationType


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, its description, and the names of the schemas of its messages."""

    name: str
    description: str
    messages: tuple[str, ...]


def _name(state: str) -> str:
    return f"{state}Message"


def _in_state(state: str, description: str, fields: Schema, example: Mapping[str, Any]) -> Schema:
    return object_of(
        fields | {"state": {"const": state}},
        REQUIRED_FIELDS,
        description=description,
        example=dict(example),
    )


PER_STATE: Final[dict[str, Schema]] = {
    _name(state): _in_state(state, description, FIELDS, examples.IN_STATE[state])
    for state, description in OWN_STATES.items()
} | {
    _name(state): _in_state(
        state,
        description,
        COMMON_FIELDS | {"email_object": ref("EmailHeading")},
        examples.IN_STATE[state],
    )
    for state, description in MESSAGE_ONLY_STATES.items()
}
_ANY_STATE: Final[Schema] = {
    "description": (
        "An interaction as an agent sees it, in lists and on the topic `/v2/me/interactions`"
        " (seed 003). Of two messages about one interaction the one with the higher `sequence`"
        " is the newer. `position`, on the topic only, is the place of the message in the"
        " agent's journal: replay continues after it. For a mail that the reader does not hold,"
        " `email_object` is a heading and `capabilities` is empty."
    ),
    "oneOf": [ref(name) for name in PER_STATE],
    "discriminator": {
        "propertyName": "state",
        "mapping": {
            state: f"#/components/schemas/{_name(state)}"
            for state in (*OWN_STATES, *MESSAGE_ONLY_STATES)
        },
    },
}
_EMAIL: Final = object_of(
    {
        "id": TEXT,
        "uri": TEXT,
        "state": TEXT,
        "emailType": {"enum": ["Inbound", "Outbound"]},
        "contactId": TEXT,
        "from": TEXT,
        "to": array_of(TEXT),
        "cc": array_of(TEXT),
        "bcc": array_of(TEXT),
        "subject": TEXT,
        "body": TEXT,
        "bodyAsPlainText": TEXT,
        "mime": TEXT,
        "attachments": array_of(
            object_of({"id": TEXT, "name": TEXT, "size": NUMBER, "mime": TEXT, "uri": TEXT})
        ),
        "receivedDate": TEXT,
        "capabilities": array_of(TEXT),
        "userData": ANYTHING,
    },
    ("id", "uri", "state", "subject", "capabilities"),
    description="The e-mail resource of release 8.5.2.",
)
_PLACE: Final[Schema] = {"id": TEXT, "workbinName": TEXT, "agentGroup": TEXT}


def _of_type(name: str) -> Schema:
    return {field: {"const": value} for field, value in of_type(name).items()}


MESSAGES: Final[dict[str, Schema]] = PER_STATE | {
    INTERACTION_STATE: _ANY_STATE,
    EMAIL_STATE_CHANGE: object_of(
        {
            "messageType": {"const": EMAIL_STATE_CHANGE},
            "notificationType": {"enum": list(get_args(NotificationType))},
            "email": ref("Email"),
            "errorDescription": TEXT,
            "operationName": TEXT,
            "sequence": NUMBER,
            "position": NUMBER,
        },
        ("messageType", "notificationType", "email"),
        description="An InteractionStateMessage in the form of release 8.5.2.",
        example=examples.EMAIL,
    ),
    CHANNEL_STATE_CHANGE: object_of(
        {
            "messageType": {"const": CHANNEL_STATE_CHANGE},
            "channels": array_of(ref("Channel")),
            "position": NUMBER,
        },
        ("messageType", "channels"),
        description="The agent's state on each channel, and the reason for NotReady.",
        example=examples.CHANNEL,
    ),
    WORKBIN_STATE_CHANGE: object_of(
        {
            **_of_type(WORKBIN_STATE_CHANGE),
            "action": {"enum": ["ItemAdded", "ItemRemoved"]},
            **_PLACE,
            "interactionId": TEXT,
            "interaction": ref(INTERACTION_STATE),
            "position": NUMBER,
        },
        (
            "messageTypeName",
            "messageType",
            "action",
            "id",
            "workbinName",
            "interactionId",
            "interaction",
        ),
        description="An interaction was put into, or taken out of, a workbin.",
        example=examples.WORKBIN_CHANGE,
    ),
    WORKBIN_CONTENT: object_of(
        {
            **_of_type(WORKBIN_CONTENT),
            "workbin": object_of(_PLACE, ("id", "workbinName")),
            "interactions": array_of(ref(INTERACTION_STATE)),
            "position": NUMBER,
        },
        ("messageTypeName", "messageType", "workbin", "interactions"),
        description=(
            "The outcome of GetWorkbinContent. With `GATEWAY_WORKBIN_CONTENT` it is the bare list,"
            " or one InteractionStateMessage for each interaction in the workbin."
        ),
        example=examples.WORKBIN_CONTENT,
    ),
    MAILBOX_STATE: object_of(
        {**_of_type(MAILBOX_STATE), "mailbox": ref("Mailbox")},
        ("messageTypeName", "messageType", "mailbox"),
        description="How a fetched mailbox is: at the subscription, and when its state changes.",
        example=examples.MAILBOX_STATE,
    ),
    "Email": _EMAIL,
    "EmailHeading": HEADING,
    "EmailObject": EMAIL_OBJECT,
    "Attachment": ATTACHMENT,
    "TextSection": TEXT_SECTION,
    "Delivery": DELIVERY,
}

TOPICS: Final = (
    Topic(
        INTERACTIONS,
        "One InteractionStateMessage for each change of the agent's mails, and the content of"
        " workbins. A refused operation gives a message with `notificationType` Error, its"
        " `operationName` and the `reason`, which is also the `errorDescription`.",
        (*PER_STATE, WORKBIN_CONTENT),
    ),
    Topic(
        WORKBINS,
        "Changes of the agent's workbins and those of the agent's groups.",
        (WORKBIN_STATE_CHANGE,),
    ),
    Topic(
        CHANNELS,
        "The agent's state on each channel.",
        (CHANNEL_STATE_CHANGE,),
    ),
    Topic(
        MAILBOXES,
        "For administrators: how each mailbox is whose mail is fetched, and each change of that."
        " Others are refused (`403:for_administrators:subscribe_denied`). Messages have no"
        " `position`.",
        (MAILBOX_STATE,),
    ),
    Topic(
        EMAILS,
        "The messages of `/v2/me/interactions` for clients of release 8.5.2.",
        (EMAIL_STATE_CHANGE,),
    ),
)


def topics() -> dict[str, Any]:
    """Return the topics and their messages, as `x-topics` of the document."""
    return {
        topic.name: {
            "description": topic.description,
            "message": {"oneOf": [ref(name) for name in _messages_on(topic)]},
        }
        for topic in TOPICS
    }


def _messages_on(topic: Topic) -> tuple[str, ...]:
    others = tuple(name for name in topic.messages if name not in PER_STATE)
    return (INTERACTION_STATE, *others) if len(others) < len(topic.messages) else others
