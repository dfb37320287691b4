"""Takes ingest's commands off the broker."""

from collections.abc import Awaitable, Callable

from services.ingest.arrival_parser import ArrivalParser
from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Envelope

Handler = Callable[[Envelope[ParseMail]], Awaitable[None]]


def ingest_handler(parsing: ArrivalParser) -> Handler:
    """Return the handler of ingest's work queue."""

    async def on_command(envelope: Envelope[ParseMail]) -> None:
        await parsing.parse(envelope.body, envelope.cause)

    return on_command
