"""Every operation on an interaction, as one variant of the request's body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.gateway.operations.operation_request import CANCELED, OK, ZERO
from services.gateway.rest.openapi.samples import DRAFT_ID
from services.gateway.rest.openapi.shapes import (
    ANYTHING,
    TEXT,
    Schema,
    optional,
    ref,
    several,
    shape,
)

_FLAG: Final[Schema] = {"oneOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_ADDRESSES: Final[Schema] = {
    "description": "One address, several with commas between them, or a list.",
    "oneOf": [TEXT, several({"oneOf": [TEXT, ANYTHING]}), ANYTHING],
}
_TO: Final = ("toAddress", "ToAddress", "toAddresses", "to")
_ADDRESSED: Final = (
    *_TO,
    *("ccAddress", "CCAddresses", "ccAddresses", "cc"),
    *("bccAddress", "BCCAddresses", "bccAddresses", "bcc"),
    *("fromAddress", "FromAddress", "from"),
)
_WRITTEN: Final = (
    *("subject", "Subject"),
    *("text", "Text", "bodyAsPlainText"),
    *("structuredText", "StructuredText"),
    *("body", "mime", "MimeType", "mimeType"),
)
_TOLD: Final = (
    *("attachments", "capabilities", "ContactID", "contactId", "emailType", "id", "interactionId"),
    *("receivedDate", "state", "StructuredTextMimeType", "TheComment", "truncated", "uri"),
    *("userData", "Warnings"),
)
MAIL: Final = shape(
    dict.fromkeys(_ADDRESSED, optional(_ADDRESSES))
    | dict.fromkeys(_WRITTEN, optional(TEXT))
    | {name: {"description": "Comes back from a message; changes nothing."} for name in _TOLD},
    (),
    description=(
        "What is written of a mail; what is left out stays as drafted. Keys are read whatever their"
        " case; of several spellings of one field the one that differs from the draft counts, and"
        " different changes are refused (10). A `body` is HTML unless `mime` says otherwise. Other"
        " keys are refused; those that come back changed although nothing reads them are named in"
        " the answer (`ignoredKeys`)."
    ),
    additionalProperties=False,
)
_MAILS: Final[dict[str, Schema]] = {"email_object": ref("Mail"), "email": ref("Mail")}
WORKBIN: Final[Schema] = {
    "description": "Its name, an id of either release, an object with one of them, or a list of"
    " one of these.",
    "oneOf": [
        TEXT,
        ANYTHING,
        several({"oneOf": [TEXT, ANYTHING]}) | {"minItems": 1, "maxItems": 1},
    ],
}
CREATE: Final = shape(
    {
        "operationName": {"enum": ["Create"]},
        "queueName": TEXT,
        "interactionType": optional(TEXT),
        "interactionSubType": optional(TEXT),
        "parentInteractionId": optional(TEXT),
        "parentId": optional(TEXT),
        "userData": optional(ANYTHING),
        **{name: optional(mail) for name, mail in _MAILS.items()},
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
_KEYS: Final[Schema] = {"oneOf": [ANYTHING, several(TEXT)]}
_COMMENT: Final = ("comment", "TheComment", "theComment")
_REPLY: Final[dict[str, Schema]] = {
    "queueName": TEXT,
    "subjectPrefix": TEXT,
    "replyToStartLine": TEXT,
    "indentCharacter": TEXT,
    "quoteOriginal": _FLAG,
}


@dataclass(frozen=True, slots=True)
class Described:
    """An operation: what it does, what it takes, an example, and what success looks like.

    `one_of` are names of one parameter that has to be there.
    """

    summary: str
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=lambda: OK)
    one_of: tuple[str, ...] = ()

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
            **({"anyOf": [{"required": [one]} for one in self.one_of]} if self.one_of else {}),
        )


CREATED: Final = OK | {"replyInteractionId": DRAFT_ID, "interactionId": DRAFT_ID}

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
            CREATED,
        ),
        "ReplyAll": Described(
            "Create an answer to the one who wrote, with a copy to those who had one (Cc); others"
            " in To get none. The original is quoted unless that is refused.",
            _REPLY,
            ("queueName",),
            {"queueName": "drafts"},
            CREATED,
        ),
        "Send": Described(
            "Send a draft, with what the agent changed; what is left out stays as drafted. With"
            " `completeParent` the work on the mail that it answers ends too.",
            {"queueName": TEXT, **_MAILS, "completeParent": _FLAG},
            (),
            {
                "queueName": "drafts",
                "email_object": {
                    "toAddress": "ann@example.org",
                    "ccAddress": "bob@example.org, carl@example.org",
                    "bccAddress": "boss@example.org",
                    "fromAddress": "support@demo.example",
                    "subject": "Re: Invoice 17",
                    "text": "It is paid.",
                },
            },
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
                "agentGroupName": TEXT,
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
            "Remove keys of the user data, named as an object, whose values do not matter, or as a"
            " list; inside an object some keys of a key.",
            {"userData": _KEYS, "keys": _KEYS},
            (),
            {"userData": {"Order": {"Number": 17}}},
            one_of=("userData", "keys"),
        ),
        "Forward": Described(
            "Create a mail that passes this one on, with its files.",
            {
                "queueName": TEXT,
                "subjectPrefix": TEXT,
                "forwardStartLine": TEXT,
                "replyToStartLine": TEXT,
                "indentCharacter": TEXT,
                **_MAILS,
            },
            ("queueName",),
            {"queueName": "drafts", "email_object": {"toAddress": "bob@example.org"}},
            CREATED,
        ),
        "Redirect": Described(
            "Send the customer's mail on as it came, which ends the work on it.",
            {**dict.fromkeys(_TO, _ADDRESSES), "queueName": TEXT, **_MAILS},
            (),
            {"toAddress": "bob@example.org"},
            ZERO | {"interactionId": DRAFT_ID},
        ),
        "Save": Described(
            "Keep what is written so far.",
            {**_MAILS, "userData": ANYTHING},
            (),
            {"email_object": {"text": "It is"}},
        ),
        "AddComment": Described(
            "Replace the notes on the mail.",
            dict.fromkeys(_COMMENT, TEXT),
            (),
            {"comment": "Called back on Monday."},
            one_of=_COMMENT,
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
