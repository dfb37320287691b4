"""What is told over CometD: the messages of each topic, state by state, with one example each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from services.gateway.notifications.topics import CHANNELS, EMAILS, INTERACTIONS, WORKBINS
from services.gateway.rest.openapi import samples
from services.gateway.rest.openapi.shapes import (
    ANYTHING,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    ref,
    several,
    shape,
)
from services.gateway.wire.delivery import DELIVERY_STATES, RECEPTION_STATES
from services.gateway.wire.refusals import NOT_HELD
from services.gateway.wire.states import CAPABILITIES, STATES
from shared.mail.warnings import WARNINGS

MESSAGE: Final = "InteractionStateMessage"
_NOTIFICATIONS: Final = (
    "StatusChange",
    "PropertiesUpdated",
    "EmailSaved",
    "AttachmentAdded",
    "AttachmentRemoved",
    "Error",
)
NOTICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Revoked": "The offer, or the work, was taken away: nobody answered, or it lay too long.",
        "Rejected": "The agent has turned the offer down.",
        "PlacedInQueue": "The agent has given the mail to a queue.",
        "PlacedInWorkbin": "The agent has put the mail into a workbin.",
        "Transferred": "The agent has given the mail to somebody else.",
        NOT_HELD: (
            "An operation came too late, and its agent does not hold the interaction. To who holds"
            " it, the same is told with the state that it has."
        ),
    }
)
"""States that only messages have: what is told to an agent from whom a mail has gone."""

_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Queued": "The mail waits for an agent. In lists only.",
        "Invited": "The mail is offered to the agent, until `inviteExpiresAt`.",
        "Accepted": "The agent works on a mail that arrived.",
        "InWorkbin": "The mail lies in a workbin. In its content and in messages about it.",
        "Completed": "The agent has ended the work on a mail that arrived.",
        "ReplyCreated": "The agent works on a draft: an answer, or a mail that answers nothing.",
        "Sending": "The next mail server takes the mail later; `reason` is what it said.",
        "Sent": "The next mail server has taken the mail, or `reason` says who it is not for.",
        "Uncertain": "Nobody knows whether the next mail server has taken the mail.",
        "Canceled": "The agent has thrown the draft away.",
    }
)
ATTACHMENT: Final = shape(
    {
        "id": TEXT,
        "name": TEXT,
        "size": NUMBER,
        "mimetype": TEXT,
        "mime": TEXT,
        "contentId": TEXT,
    },
    ("id", "name", "size", "mimetype", "mime"),
    description="A document; `id` is the documentId of its address. What the HTML calls `cid:`"
    " has that name as `contentId`.",
)
EMAIL_OBJECT: Final = shape(
    {
        "subject": TEXT,
        "Subject": TEXT,
        "interactionId": TEXT,
        "ToAddress": TEXT,
        "FromAddress": TEXT,
        "CCAddresses": TEXT,
        "BCCAddresses": TEXT,
        "Text": TEXT,
        "StructuredText": TEXT,
        "MimeType": TEXT,
        "StructuredTextMimeType": TEXT,
        "TheComment": TEXT,
        "ContactID": TEXT,
        "truncated": FLAG,
        "attachments": several(ref("Attachment")),
        "Warnings": several({"enum": list(WARNINGS)}),
    },
    ("subject", "Subject", "interactionId"),
    description=(
        "What the message shows of the mail; several addresses are joined by commas. `Warnings`, on"
        " mails that arrived and only where there are any: "
        + "; ".join(f"`{name}`: {meaning}" for name, meaning in WARNINGS.items())
        + "."
    ),
)
DELIVERY: Final = shape(
    {
        "state": {"enum": list(DELIVERY_STATES)},
        "attempts": NUMBER,
        "reason": TEXT,
        "nextAttemptAt": MOMENT,
        "recipients": several(
            shape(
                {
                    "address": TEXT,
                    "state": {"enum": list(RECEPTION_STATES)},
                    "code": NUMBER,
                    "text": TEXT,
                    "at": MOMENT,
                },
                ("address", "state"),
            )
        ),
    },
    ("state", "attempts", "recipients"),
    description=(
        "What the next mail server said of a mail that was sent, for those who may read the mail;"
        " not in lists and not on the topic."
    ),
)
HEADING: Final = shape(
    {"subject": TEXT, "Subject": TEXT, "interactionId": TEXT},
    description="What the message shows of a mail that it only names.",
)
_TOLD: Final[Schema] = {
    "messageTypeName": {"const": MESSAGE},
    "messageType": {"const": MESSAGE},
    "id": TEXT,
    "channel": {"const": "email"},
    "email_object": ref("EmailObject"),
    "state": {"enum": [*STATES.values(), *NOTICES]},
    "capabilities": several({"enum": list(CAPABILITIES.values())}),
    "sequence": NUMBER,
    "position": NUMBER,
    "notificationType": {"enum": list(_NOTIFICATIONS)},
    "operationName": TEXT,
    "reason": TEXT,
    "errorDescription": TEXT,
    "interaction": ANYTHING
    | {"description": "The same once more, where `GATEWAY_NESTED_INTERACTION` asks for it."},
}
_REQUIRED: Final = (
    "messageTypeName",
    "messageType",
    "id",
    "channel",
    "email_object",
    "state",
    "capabilities",
)
FIELDS: Final[Schema] = _TOLD | {
    "interactionType": {"const": "Email"},
    "interactionSubType": TEXT,
    "userData": ANYTHING,
    "currentQueue": TEXT,
    "inQueues": ANYTHING,
    "outQueues": ANYTHING,
    "receivedAt": MOMENT,
    "extendedCapabilities": several({"enum": list(CAPABILITIES.values())}),
    "direction": {"enum": ["Inbound", "Outbound"]},
    "inviteExpiresAt": MOMENT,
    "parentInteractionId": TEXT,
    "threadId": TEXT,
    "delivery": ref("Delivery"),
}
"""Every field that an interaction has, in whatever state and to whomever."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is told on a topic, by the names of its schemas."""

    name: str
    words: str
    messages: tuple[str, ...]


def _name(state: str) -> str:
    return f"{state}Message"


def _in_state(state: str, words: str, fields: Schema, example: Mapping[str, Any]) -> Schema:
    return shape(
        fields | {"state": {"const": state}}, _REQUIRED, description=words, example=dict(example)
    )


PER_STATE: Final[dict[str, Schema]] = {
    _name(state): _in_state(state, words, FIELDS, samples.IN_STATE[state])
    for state, words in _STATES.items()
} | {
    _name(state): _in_state(
        state, words, _TOLD | {"email_object": ref("EmailHeading")}, samples.IN_STATE[state]
    )
    for state, words in NOTICES.items()
}
_ANY_STATE: Final[Schema] = {
    "description": (
        "An interaction as an agent sees it, in lists and on the topic `/v2/me/interactions`"
        " (seed 003). Of two messages about one interaction the one with the higher `sequence`"
        " is the newer. `position`, on the topic only, is the message's place in the agent's"
        " journal: whoever goes on after it misses nothing. Of a mail that its reader does not"
        " hold `email_object` is a heading, and `capabilities` are empty."
    ),
    "oneOf": [ref(name) for name in PER_STATE],
    "discriminator": {
        "propertyName": "state",
        "mapping": {
            state: f"#/components/schemas/{_name(state)}" for state in (*_STATES, *NOTICES)
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
            "notificationType": {"enum": list(_NOTIFICATIONS)},
            "email": ref("Email"),
            "errorDescription": TEXT,
            "operationName": TEXT,
            "sequence": NUMBER,
            "position": NUMBER,
        },
        ("messageType", "notificationType", "email"),
        description="The same news as an InteractionStateMessage, in the words of release 8.5.2.",
        example=samples.EMAIL,
    ),
    "ChannelStateChangeMessageV2": shape(
        {
            "messageType": {"const": "ChannelStateChangeMessageV2"},
            "channels": several(ref("Channel")),
            "position": NUMBER,
        },
        ("messageType", "channels"),
        description="The agent is Ready, or not and why.",
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
        description="A workbin that the agent may look into has one thing more, or less.",
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
            "What GetWorkbinContent asked for. `GATEWAY_WORKBIN_CONTENT` makes it the bare list, or"
            " one InteractionStateMessage for each thing in the workbin."
        ),
        example=samples.WORKBIN_CONTENT,
    ),
    "Email": _EMAIL,
    "EmailHeading": HEADING,
    "EmailObject": EMAIL_OBJECT,
    "Attachment": ATTACHMENT,
    "Delivery": DELIVERY,
}

TOPICS: Final = (
    Topic(
        INTERACTIONS,
        "Everything that happens to the agent's mails, one InteractionStateMessage each, and the"
        " content of workbins. An operation that came too late is told with `notificationType`"
        " Error, its `operationName` and the `reason`, which is also the `errorDescription`.",
        (*PER_STATE, "WorkbinContentMessage"),
    ),
    Topic(
        WORKBINS,
        "What the agent's workbins and those of the agent's groups have more, or less.",
        ("WorkbinStateChangeMessage",),
    ),
    Topic(
        CHANNELS,
        "Whether the agent takes mail.",
        ("ChannelStateChangeMessageV2",),
    ),
    Topic(
        EMAILS,
        "The news of `/v2/me/interactions` for clients of release 8.5.2.",
        ("EmailStateChangeMessage",),
    ),
)


def topics() -> dict[str, Any]:
    """Return what the document says of CometD."""
    return {
        topic.name: {
            "description": topic.words,
            "message": {"oneOf": [ref(name) for name in _told_on(topic)]},
        }
        for topic in TOPICS
    }


def _told_on(topic: Topic) -> tuple[str, ...]:
    others = tuple(name for name in topic.messages if name not in PER_STATE)
    return (MESSAGE, *others) if len(others) < len(topic.messages) else others
