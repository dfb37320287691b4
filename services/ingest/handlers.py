"""The handler of ingest's commands."""

from collections.abc import Awaitable, Callable

from services.ingest.arrival_parser import ArrivalParser
from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Envelope

Handler = Callable[[Envelope[ParseMail]], Awaitable[None]]


def ingest_handler(arrival_parser: ArrivalParser) -> Handler:
    """Return the handler of ingest's work queue."""

    async def on_command(envelope: Envelope[ParseMail]) -> None:
        await arrival_parser.parse(envelope.body, envelope.cause)

    return on_command
