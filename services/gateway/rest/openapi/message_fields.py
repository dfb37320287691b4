"""The fields of a message about an interaction, and of what it holds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from services.gateway.rest.openapi.schema_builders import (
    ANYTHING,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    array_of,
    object_of,
    ref,
)
from services.gateway.wire.delivery import DELIVERY_STATES, RECIPIENT_STATES
from services.gateway.wire.fields import INTERACTION_STATE
from services.gateway.wire.messages import NotificationType
from services.gateway.wire.states import CAPABILITIES, NOT_HELD, STATES
from shared.domain.text_sections import Kind
from shared.mail.parsed_mail import Kind as ReportKind
from shared.mail.warnings import WARNINGS

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

OWN_STATES: Final[Mapping[str, str]] = MappingProxyType(
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
"""The states of an interaction, as messages and lists name them."""

ATTACHMENT: Final = object_of(
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
TEXT_SECTION: Final = object_of(
    {"kind": {"enum": [kind.value for kind in Kind]}, "start": NUMBER, "length": NUMBER},
    ("kind", "start", "length"),
    description=(
        "A part of `Text`; `start` and `length` count UTF-16 code units, as strings of JavaScript"
        " do. `new` is what the sender wrote now; `quoted` is earlier mail, and `attribution`"
        " introduces it; `disclaimer` is what servers add. Where the sender wrote nothing above a"
        " forwarded mail, its words are `new`."
    ),
)
EMAIL_OBJECT: Final = object_of(
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
        "attachments": array_of(ref("Attachment")),
        "Warnings": array_of({"enum": list(WARNINGS)}),
        "Sections": array_of(ref("TextSection")),
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
DELIVERY: Final = object_of(
    {
        "state": {"enum": list(DELIVERY_STATES)},
        "attempts": NUMBER,
        "reason": TEXT,
        "nextAttemptAt": MOMENT,
        "recipients": array_of(
            object_of(
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
        "reports": array_of(TEXT),
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
HEADING: Final = object_of(
    {"subject": TEXT, "Subject": TEXT, "interactionId": TEXT},
    description="The mail in a message that only names it.",
)
COMMON_FIELDS: Final[Schema] = {
    "messageTypeName": {"const": INTERACTION_STATE},
    "messageType": {"const": INTERACTION_STATE},
    "id": TEXT,
    "channel": {"const": "email"},
    "email_object": ref("EmailObject"),
    "state": {"enum": [*STATES.values(), *MESSAGE_ONLY_STATES]},
    "capabilities": array_of({"enum": list(CAPABILITIES.values())}),
    "sequence": NUMBER,
    "position": NUMBER,
    "notificationType": {"enum": list(get_args(NotificationType))},
    "operationName": TEXT,
    "reason": TEXT,
    "errorDescription": TEXT,
    "report": {"enum": list(get_args(ReportKind))},
    "interaction": ANYTHING
    | {"description": "The same fields again, where `GATEWAY_NESTED_INTERACTION` is set."},
}
REQUIRED_FIELDS: Final = (
    "messageTypeName",
    "messageType",
    "id",
    "channel",
    "email_object",
    "state",
    "capabilities",
)
FIELDS: Final[Schema] = COMMON_FIELDS | {
    "interactionType": {"const": "Email"},
    "interactionSubType": TEXT,
    "userData": ANYTHING,
    "currentQueue": TEXT,
    "inQueues": ANYTHING,
    "outQueues": ANYTHING,
    "receivedAt": MOMENT,
    "extendedCapabilities": array_of({"enum": list(CAPABILITIES.values())}),
    "direction": {"enum": ["Inbound", "Outbound"]},
    "inviteExpiresAt": MOMENT,
    "parentInteractionId": TEXT,
    "threadId": TEXT,
    "delivery": ref("Delivery"),
}
"""Every field that an interaction may have in a message."""
