"""What the messages of one request ask for together."""

from collections.abc import Sequence

from shared.bayeux.messages.channels import Meta
from shared.bayeux.messages.message import Message


def has_subscribe(messages: Sequence[Message]) -> bool:
    """Tell whether some message subscribes, so that the `Listener` has to be awaited."""
    return any(message.channel == Meta.SUBSCRIBE for message in messages)


def is_poll(messages: Sequence[Message]) -> bool:
    """Tell whether the request is a single connect, which may wait for events."""
    return len(messages) == 1 and messages[0].channel == Meta.CONNECT
