"""Keeps a consumer consuming: notices when it ends, and starts it again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection

from services.gateway.errors import trace_of
from shared.background_tasks import cancel_and_wait
from shared.messaging.connection import CONNECTION_FAULTS, RepeatedWarning, in_words

log = structlog.get_logger()

# A broker that restarts refuses connections for some seconds.
_PAUSE_SECONDS: Final = 0.5


async def end_of_consumer(
    connection: AbstractConnection, channel: AbstractChannel
) -> asyncio.Future[None]:
    """Return a future that is done when nothing more is delivered on a channel.

    That is when the connection or the channel has closed, for whatever reason, and when the
    broker has cancelled a consumer, for example because its queue was deleted.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(*_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    connection.close_callbacks.add(end, weak=False)
    channel.close_callbacks.add(end, weak=False)
    (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(end)
    return ended


@asynccontextmanager
async def consuming(consume: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Consume for as long as the context lasts; start again half a second after each end."""
    task = asyncio.create_task(_consume_for_ever(consume))
    try:
        yield
    finally:
        await cancel_and_wait({task})


async def _consume_for_ever(consume: Callable[[], Awaitable[None]]) -> None:
    unreachable = RepeatedWarning("not consuming: the broker is away, or refuses this user")
    while True:
        try:
            await consume()
        except CONNECTION_FAULTS as error:
            unreachable.log(in_words(error), consumer=consume.__qualname__)
        except Exception as error:  # noqa: BLE001 - whatever it is, consuming has to go on
            log.warning("not consuming", consumer=consume.__qualname__, fault=trace_of(error))
        else:
            log.warning("not consuming: the broker ended it", consumer=consume.__qualname__)
        await asyncio.sleep(_PAUSE_SECONDS)
