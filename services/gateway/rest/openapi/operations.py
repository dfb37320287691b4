"""The body of each operation on an interaction, with its description and example."""

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
    | {name: {"description": "Part of messages; not read here."} for name in _TOLD},
    (),
    description=(
        "The fields of a mail; those that are left out stay as drafted. Names of keys are read in"
        " any case. Where several keys spell the same field, the one that differs from the draft"
        " counts; contradicting changes are refused (10). A `body` is HTML unless `mime` says"
        " otherwise. Unknown keys are refused. Keys that only messages use are not read; if they"
        " were changed, `ignoredKeys` in the answer names them."
    ),
    additionalProperties=False,
)
_MAILS: Final[dict[str, Schema]] = {"email_object": ref("Mail"), "email": ref("Mail")}
WORKBIN: Final[Schema] = {
    "description": "Its name, its id of either release, an object with one of them, or a list with"
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
    description="Begin a mail that is no answer; a message ReplyCreated follows.",
    example={
        "operationName": "Create",
        "queueName": "drafts",
        "interactionType": "Outbound",
        "interactionSubType": "OutboundNew",
    },
)
CONTENT: Final = shape(
    {"operationName": {"enum": ["GetWorkbinContent"]}, "workbin": WORKBIN},
    description="Have the content of a workbin sent on the topic `/v2/me/interactions`.",
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
    """An operation: its summary, parameters, example, and its answer where it succeeds.

    One of the parameters in `one_of` is required.
    """

    summary: str
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=lambda: OK)
    one_of: tuple[str, ...] = ()

    def body(self, name: str, *aliases: str) -> Schema:
        """Return the schema of the request body, under any of its names."""
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
        "Accept": Described("Accept an offered mail; a message Accepted with the mail follows."),
        "Reject": Described("Reject an offered mail; it is offered to another agent."),
        "Reply": Described(
            "Create an answer to the sender; a message ReplyCreated follows.",
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
            "Create an answer to the sender, with a copy to the addresses in Cc; other addresses in"
            " To get none. The original is quoted unless `quoteOriginal` is false.",
            _REPLY,
            ("queueName",),
            {"queueName": "drafts"},
            CREATED,
        ),
        "Send": Described(
            "Send a draft with the given changes; fields that are left out stay as drafted. With"
            " `completeParent` the mail that it answers is completed as well.",
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
        "Cancel": Described("Discard a draft.", answer=CANCELED),
        "Complete": Described("Complete the work on an inbound mail.", answer=ZERO),
        "PlaceInQueue": Described(
            "Put the mail into a queue.",
            {"queueName": TEXT},
            ("queueName",),
            {"queueName": "sales"},
        ),
        "Transfer": Described(
            "Transfer the mail to exactly one target: an agent, who is invited, or a queue, a group"
            " or a skill, for which it waits.",
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
            "Put the mail into a workbin of the agent or of one of the agent's groups.",
            {"workbin": WORKBIN},
            ("workbin",),
            {"workbin": "email.in-progress"},
        ),
        "PullInteraction": Described("Take the mail out of its workbin."),
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
            "Remove keys of the user data. They are named by a list, or by an object whose values"
            " are ignored; a nested object removes only those keys of its key.",
            {"userData": _KEYS, "keys": _KEYS},
            (),
            {"userData": {"Order": {"Number": 17}}},
            one_of=("userData", "keys"),
        ),
        "Forward": Described(
            "Create a mail that forwards this one, with its files.",
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
            "Send the mail on unchanged, which completes the work on it.",
            {**dict.fromkeys(_TO, _ADDRESSES), "queueName": TEXT, **_MAILS},
            (),
            {"toAddress": "bob@example.org"},
            ZERO | {"interactionId": DRAFT_ID},
        ),
        "Save": Described(
            "Save a draft.",
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
            "Write the outcome into the user data, under DISP_KEY or the given key.",
            {"disposition": TEXT, "dispositionKey": TEXT},
            ("disposition",),
            {"disposition": "solved"},
        ),
    }
)
"""By their name in the registry."""
