"""`mailroom parse`: orders another parse of a mail that arrived and became no interaction."""

from services.console.exit_codes import Exit, NotPossibleError
from services.console.settings import read_settings
from services.console.store import SystemQueries, connected_database
from shared.contracts.commands import ParseMail
from shared.contracts.envelope import Cause
from shared.contracts.outgoing import wrap
from shared.domain.clock import SystemClock
from shared.messaging.publisher import open_publisher


async def order_parsing(arrival_id: str) -> None:
    """Publish the command to parse an arrival. Interactions that exist stay as they are.

    Raises:
        NotPossibleError: There is no such arrival.
    """
    settings = read_settings()
    async with connected_database(settings.mongodb_url) as database:
        if not await SystemQueries(database, SystemClock()).has_arrival(arrival_id):
            raise NotPossibleError(f"there is no arrival {arrival_id}", Exit.NOT_FINE)
    order = wrap(ParseMail(arrival_id=arrival_id), Cause.about(arrival_id), SystemClock().now())
    async with open_publisher(settings.rabbitmq_url, name="console") as publisher:
        await publisher.publish(order)
    print(f"{arrival_id} is ordered to be parsed")
