"""The parts of all JSON for agents: fields, moments, and the types of messages (seed 003)."""

from datetime import datetime
from typing import Final

Fields = dict[str, object]

INTERACTION_STATE: Final = "InteractionStateMessage"
EMAIL_STATE_CHANGE: Final = "EmailStateChangeMessage"
CHANNEL_STATE_CHANGE: Final = "ChannelStateChangeMessageV2"
WORKBIN_STATE_CHANGE: Final = "WorkbinStateChangeMessage"
WORKBIN_CONTENT: Final = "WorkbinContentMessage"
MAILBOX_STATE: Final = "MailboxStateMessage"


def timestamp(moment: datetime) -> str:
    """Return a UTC time as ISO 8601 with milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def of_type(name: str) -> Fields:
    """Return the fields that name the type of a message."""
    return {"messageTypeName": name, "messageType": name}
