"""The timestamp extension: messages carry the time at which they were made."""

from shared.bayeux.messages.message import Reply
from shared.bayeux.messages.replies import http_date
from shared.bayeux.sessions.session_registry import SessionRegistry


def with_timestamp(registry: SessionRegistry, reply: Reply) -> Reply:
    """Add the time if the extension is on; changes and returns `reply`."""
    if registry.settings.timestamps:
        reply["timestamp"] = http_date(registry.wall())
    return reply
