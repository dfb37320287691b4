"""When a consumer hears no more, whatever took it away."""

import asyncio

from aio_pika.abc import AbstractChannel, AbstractConnection


async def ending(connection: AbstractConnection, channel: AbstractChannel) -> asyncio.Future[None]:
    """Return a future that is done when nothing more is delivered on a channel.

    That is when the connection or the channel has closed, for whatever reason, and when the
    broker has cancelled a consumer, as it does with one whose queue was deleted.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(*_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    connection.close_callbacks.add(end, weak=False)
    channel.close_callbacks.add(end, weak=False)
    (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(end)
    return ended
