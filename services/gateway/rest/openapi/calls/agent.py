"""The calls about the agent who is logged in: session, channels, preferences."""

from typing import Final

from services.gateway.operations.request import OK
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import (
    ANYTHING,
    NUMBER,
    TEXT,
    array_of,
    constant,
    object_of,
    optional,
    ref,
    success,
)

_CHANNEL_STATE: Final = object_of(
    {"operationName": TEXT},
    description="Ready, NotReady, or another state of /settings/agent-states.",
    example={"operationName": "Ready"},
)
_SESSION: Final = object_of(
    {
        "operationName": TEXT,
        "channels": optional(array_of(TEXT)),
        **{name: {"description": "Not read."} for name in ("place", "loginCode", "queue")},
    },
    ("operationName",),
    description="StartContactCenterSession, EndContactCenterSession, or an agent's state.",
    example={"operationName": "StartContactCenterSession", "channels": ["email"]},
)
_PREFERENCES: Final = object_of(
    {"preferences": ANYTHING | {"description": "At most 16 kB as JSON, 32 levels deep."}},
    example={"preferences": {"language": "de", "theme": "dark"}},
)
_SOME_CHANNELS: Final = object_of(
    {
        "statusCode": {"const": 7},
        "statusMessage": TEXT,
        "status": {"const": "ok"},
        "channels": array_of(object_of({"channel": TEXT, "statusCode": NUMBER})),
    },
    description="Some of the channels are not offered here.",
)

AGENT_CALLS: Final[tuple[Call, ...]] = (
    Call("get", "/me", "Agent", "The agent who is logged in.", success(user=ref("User"))),
    Call(
        "post",
        "/me",
        "Agent",
        "Begin or end the session, or set the state on all channels. Its end deletes the cookie,"
        " and closes within seconds what was opened by cookie alone.",
        {"oneOf": [constant(OK), _SOME_CHANNELS]},
        _SESSION,
    ),
    Call(
        "delete",
        "/me/sessions",
        "Agent",
        "End all my sessions, this one too. All cookies become invalid, and what is open by"
        " password or cookie is closed within seconds.",
        constant(OK),
    ),
    Call(
        "get",
        "/me/preferences",
        "Agent",
        "What I prefer, as a client of mine has stored it; an empty object at first.",
        success(preferences=ANYTHING),
    ),
    Call(
        "put",
        "/me/preferences",
        "Agent",
        "Store what I prefer, in place of all that was stored. The names are the client's.",
        constant(OK),
        _PREFERENCES,
    ),
    Call(
        "get",
        "/me/senders",
        "Agent",
        "The addresses that I may write from (`fromAddress` of a mail), with the name beside each:"
        " the contact center's senders, then its mailboxes and their aliases. The first is that of"
        " a new mail.",
        success(senders=array_of(ref("Sender"))),
    ),
    Call(
        "get",
        "/me/channels",
        "Agent",
        "My channels.",
        {"oneOf": [success(uris=array_of(TEXT)), success(channels=array_of(ref("Channel")))]},
        query=("fields",),
    ),
    Call(
        "get",
        "/me/channels/{channel}",
        "Agent",
        "One of my channels; the only one is `email`.",
        success(channel=ref("Channel")),
    ),
    Call(
        "post",
        "/me/channels/{channel}",
        "Agent",
        "Set my state on one channel.",
        constant(OK),
        _CHANNEL_STATE,
    ),
    Call(
        "get",
        "/settings/agent-states",
        "Agent",
        "The states that an agent may choose.",
        success(agentStates=array_of(ref("AgentState")), settings=array_of(ref("AgentState"))),
    ),
)
