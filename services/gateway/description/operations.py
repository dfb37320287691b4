"""Every operation on an interaction, as one variant of the request's body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.gateway.description.schemas import ANYTHING, TEXT, Schema, optional, several, shape
from services.gateway.operations.asked import CANCELED, OK, ZERO

_FLAG: Final[Schema] = {"oneOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_ADDRESSES: Final[Schema] = {
    "description": "One address, several with commas between them, or a list.",
    "oneOf": [TEXT, several({"oneOf": [TEXT, ANYTHING]}), ANYTHING],
}
MAIL: Final = shape(
    {
        "toAddress": optional(_ADDRESSES),
        "ccAddress": optional(_ADDRESSES),
        "bccAddress": optional(_ADDRESSES),
        "fromAddress": optional(_ADDRESSES),
        "subject": optional(TEXT),
        "text": optional(TEXT),
        "structuredText": optional(TEXT),
    },
    (),
)
WORKBIN: Final[Schema] = {
    "description": "Its name, an id of either release, or an object with one of them.",
    "oneOf": [TEXT, ANYTHING],
}
CREATE: Final = shape(
    {
        "operationName": {"enum": ["Create"]},
        "queueName": TEXT,
        "interactionType": optional(TEXT),
        "interactionSubType": optional(TEXT),
        "parentInteractionId": optional(TEXT),
        "userData": optional(ANYTHING),
        "email_object": optional(MAIL),
        "email": optional(MAIL),
    },
    ("operationName", "queueName"),
    description="Begin a mail that answers nothing; a message ReplyCreated follows.",
    example={
        "operationName": "Create",
        "queueName": "drafts",
        "interactionType": "Outbound",
        "interactionSubType": "OutboundNew",
    },
)
CONTENT: Final = shape(
    {"operationName": {"enum": ["GetWorkbinContent"]}, "workbin": WORKBIN},
    description="Have the content of a workbin told on the topic `/v2/me/interactions`.",
    example={"operationName": "GetWorkbinContent", "workbin": "email.in-progress"},
)
_REPLY: Final[dict[str, Schema]] = {
    "queueName": TEXT,
    "subjectPrefix": TEXT,
    "replyToStartLine": TEXT,
    "indentCharacter": TEXT,
    "quoteOriginal": _FLAG,
}


@dataclass(frozen=True, slots=True)
class Described:
    """An operation: what it does, what it takes, an example, and what success looks like."""

    summary: str
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=lambda: OK)

    def body(self, name: str, *aliases: str) -> Schema:
        """Return the schema of the request that asks for it by any of its names."""
        parameters = {
            one: schema if one in self.required else optional(schema)
            for one, schema in self.parameters.items()
        }
        return shape(
            {"operationName": {"enum": [name, *aliases]}, **parameters},
            ("operationName", *self.required),
            description=self.summary,
            example={"operationName": name, **self.example},
        )


_ID: Final = "00009A8T8Y130124"
_CREATED: Final = OK | {"replyInteractionId": _ID, "interactionId": _ID}

OPERATIONS: Final[Mapping[str, Described]] = MappingProxyType(
    {
        "Accept": Described("Take what is offered; a message Accepted follows with the mail."),
        "Reject": Described("Turn down what is offered; somebody else is asked."),
        "Reply": Described(
            "Create an answer to the one who wrote; a message ReplyCreated follows.",
            _REPLY,
            ("queueName",),
            {
                "subjectPrefix": "Re: ",
                "replyToStartLine": "Ann wrote:",
                "indentCharacter": "> ",
                "quoteOriginal": True,
                "queueName": "drafts",
            },
            _CREATED,
        ),
        "ReplyAll": Described(
            "Create an answer to everybody; the original is quoted unless that is refused.",
            _REPLY,
            ("queueName",),
            {"queueName": "drafts"},
            _CREATED,
        ),
        "Send": Described(
            "Send a draft, with what the agent changed; what is left out stays as drafted. With"
            " `completeParent` the work on the mail that it answers ends too.",
            {"queueName": TEXT, "email_object": MAIL, "email": MAIL, "completeParent": _FLAG},
            (),
            {"queueName": "drafts", "email_object": {"text": "It is paid."}},
        ),
        "Cancel": Described("Throw a draft away.", answer=CANCELED),
        "Complete": Described("End the work on an inbound mail.", answer=ZERO),
        "PlaceInQueue": Described(
            "Give the mail to a queue.", {"queueName": TEXT}, ("queueName",), {"queueName": "sales"}
        ),
        "Transfer": Described(
            "Give the work to exactly one target: an agent, who is invited to it, or a queue, a"
            " group or a skill, for which it waits.",
            {
                "userId": TEXT,
                "userUri": TEXT,
                "userName": TEXT,
                "queueName": TEXT,
                "agentGroup": TEXT,
                "skill": TEXT,
            },
            (),
            {"userName": "agent2"},
            ZERO,
        ),
        "PlaceInWorkbin": Described(
            "Keep the work in a workbin of the agent's own or of a group.",
            {"workbin": WORKBIN},
            ("workbin",),
            {"workbin": "email.in-progress"},
        ),
        "PullInteraction": Described("Take the work out of its workbin."),
        "UpdateUserData": Described(
            "Set keys of the user data.",
            {"userData": ANYTHING},
            ("userData",),
            {"userData": {"Priority": "high"}},
        ),
        "AttachUserData": Described(
            "Add keys to the user data.",
            {"userData": ANYTHING},
            ("userData",),
            {"userData": {"Order": {"Number": 17}}},
        ),
        "DeleteUserData": Described(
            "Remove keys of the user data; the values do not matter.",
            {"userData": {"oneOf": [ANYTHING, several(TEXT)]}},
            ("userData",),
            {"userData": {"Order": {"Number": 17}}},
        ),
        "Forward": Described(
            "Create a mail that passes this one on, with its files.",
            {
                "queueName": TEXT,
                "subjectPrefix": TEXT,
                "replyToStartLine": TEXT,
                "indentCharacter": TEXT,
                "email_object": MAIL,
                "email": MAIL,
            },
            ("queueName",),
            {"queueName": "drafts", "email_object": {"toAddress": "bob@example.org"}},
            _CREATED,
        ),
        "Redirect": Described(
            "Send the customer's mail on as it came, which ends the work on it.",
            {"toAddress": _ADDRESSES, "queueName": TEXT, "email_object": MAIL},
            (),
            {"toAddress": "bob@example.org"},
            ZERO | {"interactionId": _ID},
        ),
        "Save": Described(
            "Keep what is written so far.",
            {"email_object": MAIL, "email": MAIL, "userData": ANYTHING},
            (),
            {"email_object": {"text": "It is"}},
        ),
        "AddComment": Described(
            "Replace the notes on the mail.",
            {"comment": TEXT},
            (),
            {"comment": "Called back on Monday."},
        ),
        "SetDisposition": Described(
            "Write the outcome into the user data, under DISP_KEY or another key.",
            {"disposition": TEXT, "dispositionKey": TEXT},
            ("disposition",),
            {"disposition": "solved"},
        ),
    }
)
"""By the name that the registry offers them under."""
