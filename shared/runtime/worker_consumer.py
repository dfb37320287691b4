"""The consumer of a worker, with its health checks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.background_tasks import StopDeadline
from shared.messaging.consumer import Consumer
from shared.messaging.topology import WorkQueue
from shared.runtime.resources import Resources
from shared.runtime.settings import ServiceSettings


@asynccontextmanager
async def running_consumer(
    settings: ServiceSettings,
    resources: Resources,
    queue: WorkQueue,
    deadline: StopDeadline | None = None,
) -> AsyncIterator[Consumer]:
    """Yield the service's consumer, not started yet, and register its health checks.

    A service with other parts that take time to stop gives them and the consumer one `deadline`.
    """
    consumer = Consumer(
        settings.rabbitmq_url,
        queue,
        resources.publisher,
        prefetch=settings.prefetch,
        deadline=deadline or StopDeadline(settings.drain),
        waits_for_broker=settings.needs_broker,
    )
    limit = settings.longest_handler.total_seconds()
    resources.health.live["handlers end"] = lambda: consumer.handlers.oldest() < limit
    resources.health.add_check("consuming", consumer.problem, needed=settings.needs_broker)
    yield consumer
