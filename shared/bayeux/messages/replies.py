"""The server's replies and their error strings."""

from email.utils import formatdate
from typing import Final

from shared.bayeux.messages.message import Message, Reply

HANDSHAKE_AGAIN: Final[Reply] = {"reconnect": "handshake", "interval": 0}
STOP: Final[Reply] = {"reconnect": "none", "interval": 0}

LOGIN_ENDED: Final[Reply] = {
    "successful": False,
    "error": "401::login_revoked",
    "advice": STOP,
}
COME_AGAIN_LATER: Final[Reply] = {"reconnect": "handshake", "interval": 30_000}
ONE_TAB: Final[Reply] = STOP | {"multiple-clients": True}

SESSION_UNKNOWN: Final = "402::session_unknown"
QUEUE_OVERFLOW: Final = "402::queue_overflow"
TOO_MANY_SESSIONS: Final = "403:too_many_sessions:handshake_denied"
SERVER_FULL: Final = "503::server_full"
TOO_MANY_TABS: Final = "403:multiple_clients:connect_denied"
NO_COMMON_TRANSPORT: Final = "301::connection_types_unsupported"
VERSION_MISSING: Final = "400::version_missing"
TYPES_MISSING: Final = "400::connection_types_missing"
CHANNEL_MISSING: Final = "400::channel_missing"
CHANNEL_INVALID: Final = "405::channel_invalid"
ID_INVALID: Final = "405::message_id_invalid"
SUBSCRIPTION_MISSING: Final = "403::subscription_missing"
SUBSCRIPTION_INVALID: Final = "403::subscription_invalid"
UNSUBSCRIBE_FAILED: Final = "403::unsubscribe_failed"
REPLAY_INVALID: Final = "400::replay_invalid"
REPLAY_UNAVAILABLE: Final = "503::replay_unavailable"
PUBLISH_DENIED: Final = "403:clients_do_not_publish:publish_denied"


def subscribe_denied(reason: str) -> str:
    """Return the error string for the reason of a policy's denial."""
    return f"403:{reason}:subscribe_denied"


def position_gone(reason: str) -> str:
    """Return the error string for a position from which no replay is possible."""
    return (
        f"400::{reason}; subscribe with -1 for what is new or -2 for all that is kept, "
        "or read a snapshot and go on from its position"
    )


def success(message: Message, **fields: object) -> Reply:
    """Return the reply to a message that succeeded."""
    return _reply(message) | {"successful": True} | fields


def failure(message: Message, error: str, **fields: object) -> Reply:
    """Return the reply to a message that failed."""
    return _reply(message) | {"successful": False, "error": error} | fields


def http_date(wall: float) -> str:
    """Return the value of `timestamp` for a time in seconds since 1970."""
    return formatdate(wall, usegmt=True)


def _reply(message: Message) -> Reply:
    reply: Reply = {}
    if isinstance(message.channel, str):
        reply["channel"] = message.channel
    if message.id is not None:
        reply["id"] = message.id
    return reply
