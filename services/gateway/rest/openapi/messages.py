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
from services.gateway.rest.openapi import samples
from services.gateway.rest.openapi.message_fields import (
    ATTACHMENT,
    COMMON_FIELDS,
    DELIVERY,
    EMAIL_OBJECT,
    FIELDS,
    HEADING,
    MESSAGE,
    MESSAGE_ONLY_STATES,
    OWN_STATES,
    REQUIRED_FIELDS,
    TEXT_SECTION,
)
from services.gateway.rest.openapi.shapes import (
    ANYTHING,
    NUMBER,
    TEXT,
    Schema,
    ref,
    several,
    shape,
)
from services.gateway.wire.messages import NotificationType


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, its description, and the names of the schemas of its messages."""

    name: str
    words: str
    messages: tuple[str, ...]


def _name(state: str) -> str:
    return f"{state}Message"


def _in_state(state: str, words: str, fields: Schema, example: Mapping[str, Any]) -> Schema:
    return shape(
        fields | {"state": {"const": state}},
        REQUIRED_FIELDS,
        description=words,
        example=dict(example),
    )


PER_STATE: Final[dict[str, Schema]] = {
    _name(state): _in_state(state, words, FIELDS, samples.IN_STATE[state])
    for state, words in OWN_STATES.items()
} | {
    _name(state): _in_state(
        state, words, COMMON_FIELDS | {"email_object": ref("EmailHeading")}, samples.IN_STATE[state]
    )
    for state, words in MESSAGE_ONLY_STATES.items()
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
_EMAIL: Final = shape(
    {
        "id": TEXT,
        "uri": TEXT,
        "state": TEXT,
        "emailType": {"enum": ["Inbound", "Outbound"]},
        "contactId": TEXT,
        "from": TEXT,
        "to": several(TEXT),
        "cc": several(TEXT),
        "bcc": several(TEXT),
        "subject": TEXT,
        "body": TEXT,
        "bodyAsPlainText": TEXT,
        "mime": TEXT,
        "attachments": several(
            shape({"id": TEXT, "name": TEXT, "size": NUMBER, "mime": TEXT, "uri": TEXT})
        ),
        "receivedDate": TEXT,
        "capabilities": several(TEXT),
        "userData": ANYTHING,
    },
    ("id", "uri", "state", "subject", "capabilities"),
    description="The e-mail resource of release 8.5.2.",
)
_PLACE: Final[Schema] = {"id": TEXT, "workbinName": TEXT, "agentGroup": TEXT}


def _named(kind: str) -> Schema:
    return {"messageTypeName": {"const": kind}, "messageType": {"const": kind}}


MESSAGES: Final[dict[str, Schema]] = PER_STATE | {
    MESSAGE: _ANY_STATE,
    "EmailStateChangeMessage": shape(
        {
            "messageType": {"const": "EmailStateChangeMessage"},
            "notificationType": {"enum": list(get_args(NotificationType))},
            "email": ref("Email"),
            "errorDescription": TEXT,
            "operationName": TEXT,
            "sequence": NUMBER,
            "position": NUMBER,
        },
        ("messageType", "notificationType", "email"),
        description="An InteractionStateMessage in the form of release 8.5.2.",
        example=samples.EMAIL,
    ),
    "ChannelStateChangeMessageV2": shape(
        {
            "messageType": {"const": "ChannelStateChangeMessageV2"},
            "channels": several(ref("Channel")),
            "position": NUMBER,
        },
        ("messageType", "channels"),
        description="The agent's state on each channel, and the reason for NotReady.",
        example=samples.CHANNEL,
    ),
    "WorkbinStateChangeMessage": shape(
        {
            **_named("WorkbinStateChangeMessage"),
            "action": {"enum": ["ItemAdded", "ItemRemoved"]},
            **_PLACE,
            "interactionId": TEXT,
            "interaction": ref(MESSAGE),
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
        example=samples.WORKBIN_CHANGE,
    ),
    "WorkbinContentMessage": shape(
        {
            **_named("WorkbinContentMessage"),
            "workbin": shape(_PLACE, ("id", "workbinName")),
            "interactions": several(ref(MESSAGE)),
            "position": NUMBER,
        },
        ("messageTypeName", "messageType", "workbin", "interactions"),
        description=(
            "The outcome of GetWorkbinContent. With `GATEWAY_WORKBIN_CONTENT` it is the bare list,"
            " or one InteractionStateMessage for each interaction in the workbin."
        ),
        example=samples.WORKBIN_CONTENT,
    ),
    "MailboxStateMessage": shape(
        {**_named("MailboxStateMessage"), "mailbox": ref("Mailbox")},
        ("messageTypeName", "messageType", "mailbox"),
        description="How a fetched mailbox is: at the subscription, and when its state changes.",
        example=samples.MAILBOX_STATE,
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
        (*PER_STATE, "WorkbinContentMessage"),
    ),
    Topic(
        WORKBINS,
        "Changes of the agent's workbins and those of the agent's groups.",
        ("WorkbinStateChangeMessage",),
    ),
    Topic(
        CHANNELS,
        "The agent's state on each channel.",
        ("ChannelStateChangeMessageV2",),
    ),
    Topic(
        MAILBOXES,
        "For administrators: how each mailbox is whose mail is fetched, and each change of that."
        " Others are refused (`403:for_administrators:subscribe_denied`). Messages have no"
        " `position`.",
        ("MailboxStateMessage",),
    ),
    Topic(
        EMAILS,
        "The messages of `/v2/me/interactions` for clients of release 8.5.2.",
        ("EmailStateChangeMessage",),
    ),
)


def topics() -> dict[str, Any]:
    """Return the topics and their messages, as `x-topics` of the document."""
    return {
        topic.name: {
            "description": topic.words,
            "message": {"oneOf": [ref(name) for name in _messages_on(topic)]},
        }
        for topic in TOPICS
    }


def _messages_on(topic: Topic) -> tuple[str, ...]:
    others = tuple(name for name in topic.messages if name not in PER_STATE)
    return (MESSAGE, *others) if len(others) < len(topic.messages) else others
