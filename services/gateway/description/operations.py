"""Every operation on an interaction, as one variant of the request's body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.gateway.description.schemas import ANYTHING, TEXT, Schema, several, shape
from services.gateway.operations.asked import CANCELED, OK, ZERO

_FLAG: Final[Schema] = {"oneOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_ADDRESSES: Final[Schema] = {
    "description": "One address, several with commas between them, or a list.",
    "oneOf": [TEXT, several({"oneOf": [TEXT, ANYTHING]}), ANYTHING],
}
_MAIL: Final = shape(
    {
        "toAddress": _ADDRESSES,
        "ccAddress": _ADDRESSES,
        "bccAddress": _ADDRESSES,
        "fromAddress": _ADDRESSES,
        "subject": TEXT,
        "text": TEXT,
        "structuredText": TEXT,
    },
    (),
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
        return shape(
            {"operationName": {"enum": [name, *aliases]}, **self.parameters},
            ("operationName", *self.required),
            description=self.summary,
            example={"operationName": name, **self.example},
        )


_ID: Final = "00009A8T8Y130124"

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
            OK | {"replyInteractionId": _ID, "interactionId": _ID},
        ),
        "ReplyAll": Described(
            "Create an answer to everybody; the original is quoted unless that is refused.",
            _REPLY,
            ("queueName",),
            {"queueName": "drafts"},
            OK | {"replyInteractionId": _ID, "interactionId": _ID},
        ),
        "Send": Described(
            "Send a draft, with what the agent changed; what is left out stays as drafted.",
            {"queueName": TEXT, "email_object": _MAIL, "email": _MAIL},
            (),
            {"queueName": "drafts", "email_object": {"text": "It is paid."}},
        ),
        "Cancel": Described("Throw a draft away.", answer=CANCELED),
        "Complete": Described("End the work on an inbound mail.", answer=ZERO),
        "PlaceInQueue": Described(
            "Give the mail to a queue.", {"queueName": TEXT}, ("queueName",), {"queueName": "sales"}
        ),
        "Transfer": Described(
            "Give the mail to another agent, who is invited to it.",
            {"userId": TEXT, "userName": TEXT},
            (),
            {"userName": "agent2"},
            ZERO,
        ),
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
    }
)
"""By the name that the registry offers them under."""
