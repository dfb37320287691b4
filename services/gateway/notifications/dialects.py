"""The forms of messages about interactions that clients of other releases read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.gateway.notifications.message import Message
from services.gateway.notifications.topics import EMAILS, INTERACTIONS
from services.gateway.wire.emails import email_message


@dataclass(frozen=True, slots=True)
class Dialects:
    """Adds other forms to messages.

    With `nested` a message holds a copy of itself as `interaction`, as in the samples of 8.5.1.
    """

    nested: bool = False

    def of(self, message: Message) -> Iterator[Message]:
        """Return a message in its form, and its copy on the topic of e-mails (release 8.5.2)."""
        payload = message.payload
        if (
            message.topic != INTERACTIONS
            or not isinstance(payload, Mapping)
            or "state" not in payload
        ):
            yield message
            return
        yield Message(INTERACTIONS, {**payload, "interaction": payload} if self.nested else payload)
        yield Message(EMAILS, email_message(payload))
