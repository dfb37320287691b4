"""The messages of each CometD topic, by state, with their schemas and examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, get_args

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
from services.gateway.wire.delivery import DELIVERY_STATES, RECIPIENT_STATES
from services.gateway.wire.refusals import NOT_HELD
from services.gateway.wire.states import CAPABILITIES, STATES
from shared.domain.text_sections import Kind
from shared.mail.parsed_mail import Kind as ReportKind
from shared.mail.warnings import WARNINGS

MESSAGE: Final = "InteractionStateMessage"
_NOTIFICATIONS: Final = (
    "StatusChange",
    "PropertiesUpdated",
    "EmailSaved",
    "AttachmentAdded",
    "AttachmentRemoved",
    "DeliveryReport",
    "Error",
)
MESSAGE_ONLY_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Revoked": "The offer or the work was taken away: the agent did not respond in time.",
        "Rejected": "The agent has rejected the offer.",
        "PlacedInQueue": "The agent has put the mail into a queue.",
        "PlacedInWorkbin": "The agent has put the mail into a workbin.",
        "Transferred": "The agent has transferred the mail.",
        NOT_HELD: (
            "An operation came too late, and its agent does not hold the interaction. The agent who"
            " holds it gets the same error with the present state."
        ),
    }
)
"""States that only messages have: the agent no longer holds the mail."""

_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Queued": "The mail waits for an agent. In lists only.",
        "Invited": "The mail is offered to the agent, until `inviteExpiresAt`.",
        "Accepted": "The agent works on a mail that arrived.",
        "InWorkbin": "The mail is in a workbin. Only in messages about workbins.",
        "Completed": "The agent has completed a mail that arrived.",
        "ReplyCreated": "The agent works on a draft.",
        "Sending": "The next mail server has deferred the mail; `reason` is its answer.",
        "Sent": "The next mail server has accepted the mail; `reason` names refused recipients.",
        "Uncertain": "It is not known whether the next mail server has accepted the mail.",
        "Canceled": "The agent has discarded the draft.",
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
    description="A document; `id` is the documentId in its address. `contentId` is the name by"
    " which the HTML refers to it (`cid:`).",
)
TEXT_SECTION: Final = shape(
    {"kind": {"enum": [kind.value for kind in Kind]}, "start": NUMBER, "length": NUMBER},
    ("kind", "start", "length"),
    description=(
        "A part of `Text`; `start` and `length` count UTF-16 code units, as strings of JavaScript"
        " do. `new` is what the sender wrote now; `quoted` is earlier mail, and `attribution`"
        " introduces it; `disclaimer` is what servers add. Where the sender wrote nothing above a"
        " forwarded mail, its words are `new`."
    ),
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
        "Sections": several(ref("TextSection")),
        "Authenticated": {"enum": ["true", "false", "unknown"]},
        "AuthenticatedBecause": TEXT,
    },
    ("subject", "Subject", "interactionId"),
    description=(
        "The mail in a message; several addresses are joined by commas. `Warnings` are only on"
        " mails that arrived, and left out where there are none: "
        + "; ".join(f"`{name}`: {meaning}" for name, meaning in WARNINGS.items())
        + ". `Authenticated` says whether a trusted mail server has proven the sender, and"
        " `AuthenticatedBecause` why; left out where no server is trusted. `Sections` are those of"
        " `Text`, without a gap; left out where all of it is new, or was not looked at."
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
                    "state": {"enum": list(RECIPIENT_STATES)},
                    "code": NUMBER,
                    "text": TEXT,
                    "status": TEXT,
                    "proven": {"const": False},
                    "at": MOMENT,
                },
                ("address", "state"),
            )
        ),
        "reports": several(TEXT),
    },
    ("state", "attempts", "recipients"),
    description=(
        "How the next mail server answered for a sent mail, and what reports said since:"
        " `status` is an enhanced status code (RFC 3463), `reports` are the reports' addresses."
        " `proven` is false where a report came without our token, so that anybody may have written"
        " it. Only for agents who may read the mail; not in lists, and on the topic only with"
        " `notificationType` DeliveryReport."
    ),
)
HEADING: Final = shape(
    {"subject": TEXT, "Subject": TEXT, "interactionId": TEXT},
    description="The mail in a message that only names it.",
)
_COMMON: Final[Schema] = {
    "messageTypeName": {"const": MESSAGE},
    "messageType": {"const": MESSAGE},
    "id": TEXT,
    "channel": {"const": "email"},
    "email_object": ref("EmailObject"),
    "state": {"enum": [*STATES.values(), *MESSAGE_ONLY_STATES]},
    "capabilities": several({"enum": list(CAPABILITIES.values())}),
    "sequence": NUMBER,
    "position": NUMBER,
    "notificationType": {"enum": list(_NOTIFICATIONS)},
    "operationName": TEXT,
    "reason": TEXT,
    "errorDescription": TEXT,
    "report": {"enum": list(get_args(ReportKind))},
    "interaction": ANYTHING
    | {"description": "The same fields again, where `GATEWAY_NESTED_INTERACTION` is set."},
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
FIELDS: Final[Schema] = _COMMON | {
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
"""Every field that an interaction may have in a message."""


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
        fields | {"state": {"const": state}}, _REQUIRED, description=words, example=dict(example)
    )


PER_STATE: Final[dict[str, Schema]] = {
    _name(state): _in_state(state, words, FIELDS, samples.IN_STATE[state])
    for state, words in _STATES.items()
} | {
    _name(state): _in_state(
        state, words, _COMMON | {"email_object": ref("EmailHeading")}, samples.IN_STATE[state]
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
            for state in (*_STATES, *MESSAGE_ONLY_STATES)
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
