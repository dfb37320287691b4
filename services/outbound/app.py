"""Builds outbound from its parts and runs it."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from random import SystemRandom

from services.outbound import metrics
from services.outbound.delivery import Deliverer, DeliveryStores
from services.outbound.handlers import outbound_handler
from services.outbound.restore_watch import RestoreWatcher
from services.outbound.retry_scheduler import RetryScheduler
from services.outbound.return_paths import ReturnPaths
from services.outbound.route_login import RouteLogins
from services.outbound.settings import OutboundSettings
from services.outbound.smtp.connection import LoginProof, open_session
from services.outbound.smtp.connection_pool import Connect, PoolLimits, SmtpPool
from services.outbound.smtp.smtp_session import Deadlines, SmtpSession
from shared.background_tasks import run_periodically
from shared.contracts.contact_center import SmtpRoute
from shared.logins.access_tokens import TokenKeeper
from shared.logins.oauth_logins import make_keeper
from shared.messaging.record import BrokerRecord
from shared.messaging.topology import OUTBOUND
from shared.runtime.lasting_witness import LastingWitness
from shared.runtime.resources import Resources
from shared.runtime.worker_consumer import running_consumer
from shared.storage.database.client import Database
from shared.storage.files.vault import Vault
from shared.storage.mails.uncertain_deliveries import count_uncertain


@asynccontextmanager
async def start(settings: OutboundSettings, resources: Resources) -> AsyncIterator[None]:
    """Run outbound for as long as the context lasts."""
    logins = make_logins(settings, resources)

    async def route() -> SmtpRoute:
        return settings.route(await resources.configuration.current())

    async def renew_token() -> None:
        await logins.renew_token(await route())

    async with aclosing(make_pool(settings, resources, logins.connect)) as pool:
        deliverer = Deliverer(_stores(settings, resources, pool, route))
        retry_scheduler = RetryScheduler(resources.deliveries, resources.publisher, resources.clock)
        record = BrokerRecord(settings.rabbitmq_url, OUTBOUND, resources.publisher, name="outbound")
        witness = LastingWitness(resources.database, resources.clock, record)
        watch = RestoreWatcher(resources.database, resources.clock, witness, retry_scheduler)
        await watch.check_at_start()
        async with running_consumer(settings, resources, OUTBOUND) as consumer:
            consumer.subscriber(outbound_handler(deliverer))
            try:
                async with (
                    run_periodically(
                        partial(count_doubts, resources.database), every=settings.counting
                    ),
                    run_periodically(watch.request_due_attempts, every=settings.sweep),
                    run_periodically(renew_token, every=settings.login_look),
                    consumer.running(),
                ):
                    yield
            finally:
                await deliverer.finish()


async def count_doubts(database: Database) -> None:
    """Set the metric of mails in doubt, which wait for an operator; it counts those of all pods."""
    metrics.UNCERTAIN.set(await count_uncertain(database))


def make_logins(settings: OutboundSettings, resources: Resources) -> RouteLogins:
    """Return the login that opens connections with the deadlines of the settings."""
    deadlines = Deadlines(
        settings.connect_deadline,
        settings.command_deadline,
        settings.recipients_deadline,
        settings.data_deadline,
        settings.block_deadline,
        settings.body_deadline,
        settings.dot_deadline,
    )

    async def connect(route: SmtpRoute, proof: LoginProof) -> SmtpSession:
        return await open_session(
            route,
            proof,
            hello_name=settings.hello_name or socket.gethostname(),
            deadlines=deadlines,
            clock=resources.clock,
        )

    def keeper() -> TokenKeeper:
        # The sealing key is read only here: a route without OAuth needs none.
        sealing_key = settings.sealing_key.get_secret_value()
        return make_keeper(resources.database, sealing_key, resources.clock)

    return RouteLogins(connect, keeper, resources.configuration.current)


def make_pool(settings: OutboundSettings, resources: Resources, connect: Connect) -> SmtpPool:
    """Return a pool whose connections follow the settings."""
    limits = PoolLimits(
        settings.connections, settings.session_mails, settings.session_age, settings.session_idle
    )
    return SmtpPool(connect, limits, resources.clock)


def _stores(
    settings: OutboundSettings,
    resources: Resources,
    pool: SmtpPool,
    route: Callable[[], Awaitable[SmtpRoute]],
) -> DeliveryStores:
    return DeliveryStores(
        deliveries=resources.deliveries,
        interactions=resources.interactions,
        vault=Vault(resources.database, resources.clock),
        pool=pool,
        route=route,
        return_paths=ReturnPaths(
            resources.configuration.current, settings.bounce_key.get_secret_value()
        ),
        clock=resources.clock,
        lease=settings.lease,
        random=SystemRandom(),
    )
