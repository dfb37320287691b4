"""The forms in which clients of other releases read the news of an agent's mails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.gateway.notifications.message_builder import Message
from services.gateway.notifications.topics import EMAILS, INTERACTIONS
from services.gateway.wire.emails import email_message


@dataclass(frozen=True, slots=True)
class Dialects:
    """How a message is told; `nested` puts a copy of it inside, where 8.5.1's samples have it."""

    nested: bool = False

    def of(self, message: Message) -> Iterator[Message]:
        """Give a message as it is told, and the one for who listens to e-mails (8.5.2)."""
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
