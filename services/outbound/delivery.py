"""One attempt to deliver one mail: claim, transmit, record the outcome, update the interaction."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

import structlog

from services.outbound import metrics
from services.outbound.attempt_cause import cause_of
from services.outbound.retry_schedule import next_attempt
from services.outbound.return_paths import ReturnPath, ReturnPaths
from services.outbound.smtp.connection import RouteUnavailableError
from services.outbound.smtp.connection_pool import SmtpPool
from services.outbound.smtp.smtp_message import SmtpMessage
from services.outbound.smtp.smtp_outcome import (
    outcome_of,
    recipients_before_dot,
    recipients_without_texts,
    uncertain_outcome,
    without_server_texts,
)
from services.outbound.smtp.transmission import Phase, Reply, Transmission
from shared.background_tasks import cancel_and_wait
from shared.contracts.contact_center import SmtpRoute
from shared.domain.clock import Clock
from shared.domain.deliveries.delivery import Conclusion, Delivery, DeliveryState
from shared.domain.errors import OperationNotAllowedError, Unavailable
from shared.faults import crash_point
from shared.storage.database.client import UnstorableError
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_outcome import interaction_change
from shared.storage.mails.delivery_store import Claim, ClaimLostError, DeliveryStore

log = structlog.get_logger()

_WRITE_AGAIN_AFTER: Final = 0.5
_WRITE_TRIES: Final = 240
"""Two minutes, beyond the driver's own tries: an accepted mail must not be recorded as in doubt."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeliveryStores:
    """The stores and times that `Deliverer` works with."""

    deliveries: DeliveryStore
    interactions: InteractionStore
    vault: Vault
    pool: SmtpPool
    route: Callable[[], Awaitable[SmtpRoute]]
    return_paths: ReturnPaths
    clock: Clock
    lease: timedelta
    random: Random


class Deliverer:
    """Delivers each mail in a task of its own, which outlives the message that ordered it.

    A handler is cancelled when its connection to the broker is lost. The SMTP transaction then
    goes on, and the delivery's stored state keeps the redelivered message from sending the mail
    again.
    """

    def __init__(self, stores: DeliveryStores) -> None:
        self._stores = stores
        self._running: set[asyncio.Task[None]] = set()
        self._transmitting: set[asyncio.Task[Transmission]] = set()
        self._stopping = False

    async def deliver(self, interaction_id: str) -> None:
        """Make one attempt, or finish one whose process died; do nothing if another pod has it.

        Raises:
            Unavailable: The database does not answer, the service stops, or two claims were lost.
        """
        task = asyncio.create_task(self._deliver(interaction_id))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def finish(self) -> None:
        """Cancel running transmissions and return when each attempt has recorded how far it got."""
        self._stopping = True
        for task in self._transmitting:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _deliver(self, interaction_id: str) -> None:
        await self._update_interaction(await self._attempt_up_to_twice(interaction_id))

    async def _attempt_up_to_twice(self, interaction_id: str) -> Delivery:
        """Make an attempt, and a second one if the claim of the first was lost.

        A claim is lost to another pod, which the second attempt finds, or with a primary of the
        database that had not replicated it.
        """
        try:
            return await self._attempt(interaction_id)
        except ClaimLostError:
            log.warning("claim was lost", interaction_id=interaction_id)
        try:
            return await self._attempt(interaction_id)
        except ClaimLostError as error:
            raise Unavailable("the claim was lost twice") from error

    async def _attempt(self, interaction_id: str) -> Delivery:
        by, lease = secrets.token_hex(8), self._stores.lease
        async with AsyncExitStack() as renewing:
            async with self._stores.pool.slot():
                if self._stopping:
                    raise Unavailable("outbound is stopping")
                route = await self._stores.route()
                claim = await self._stores.deliveries.claim(interaction_id, by, lease)
                if claim is None:
                    return await self._resolve_unclaimed(interaction_id, route)
                await renewing.enter_async_context(self._renewing(claim))
                transmission = await self._transmit_and_report(claim, route)
            # The connection is free for the next mail while the database records this outcome.
            return await self._conclude(claim.delivery, transmission, route)

    async def _transmit_and_report(self, claim: Claim, route: SmtpRoute) -> Transmission:
        with metrics.SECONDS.time():
            transmission = await self._transmit_in_task(self._transmit(claim, route))
        _report(claim.delivery, transmission, route)
        return transmission

    async def _transmit_in_task(
        self, transmitting: Coroutine[Any, Any, Transmission]
    ) -> Transmission:
        """Transmit in a task that `finish` may cancel; the outcome is recorded outside of it."""
        task = asyncio.create_task(transmitting)
        self._transmitting.add(task)
        task.add_done_callback(self._transmitting.discard)
        try:
            return await task
        except asyncio.CancelledError:
            return Transmission(Phase.CONNECT, fault="the service was stopped")

    async def _transmit(self, claim: Claim, route: SmtpRoute) -> Transmission:
        delivery = claim.delivery
        try:
            return_path = await self._stores.return_paths.of(delivery)
        except Unavailable as error:
            return Transmission(Phase.CONNECT, fault=str(error))
        lease, token = self._stores.lease, return_path.token

        async def before_dot(answers: Mapping[str, Reply]) -> None:
            crash_point("outbound.before_dot")
            recipients = recipients_before_dot(delivery, answers, self._stores.clock.now())
            try:
                await self._stores.deliveries.offer_dot(claim, recipients, lease, token)
            except UnstorableError as error:
                log.exception("the server's replies cannot be stored", reason=str(error))
                recipients = recipients_without_texts(recipients)
                await self._stores.deliveries.offer_dot(claim, recipients, lease, token)

        try:
            async with self._stores.pool.session(route) as session:
                return await session.transmit(self._smtp_message(claim, return_path), before_dot)
        except RouteUnavailableError as error:
            return Transmission(Phase.CONNECT, fault=str(error))

    def _smtp_message(self, claim: Claim, return_path: ReturnPath) -> SmtpMessage:
        raw, sender, token = claim.raw, return_path.address, return_path.token
        addresses = [one.address for one in claim.delivery.open_recipients]
        if isinstance(raw, bytes):
            return SmtpMessage(sender, addresses, len(raw), lambda: _whole(raw), token)
        octets = partial(self._stores.vault.open, raw)
        return SmtpMessage(sender, addresses, raw.size, octets, token)

    async def _conclude(
        self, delivery: Delivery, transmission: Transmission, route: SmtpRoute
    ) -> Delivery:
        if transmission.phase is Phase.DOT and not transmission.is_doubtful:
            crash_point("outbound.after_250")
        conclusion = outcome_of(
            delivery,
            transmission,
            now=self._stores.clock.now(),
            retry_at=self._retry_at(delivery),
            resend=route.when_uncertain == "resend",
        )
        _count(conclusion)
        try:
            return await _retry_until_written(
                lambda: self._stores.deliveries.conclude(delivery, conclusion)
            )
        except UnstorableError as error:
            # The outcome must be recorded even if the server's text cannot be.
            log.exception("the reason cannot be stored", reason=str(error))
            plain = without_server_texts(conclusion)
            return await _retry_until_written(
                lambda: self._stores.deliveries.conclude(delivery, plain)
            )

    async def _resolve_unclaimed(self, interaction_id: str, route: SmtpRoute) -> Delivery:
        """Return a delivery that could not be claimed.

        If its process died after the dot, it is recorded as in doubt first, or as to be resent.
        """
        now = self._stores.clock.now()
        delivery = await self._stores.deliveries.get(interaction_id)
        if delivery is None:
            raise LookupError(f"there is no delivery {interaction_id}")
        abandoned = delivery.lease_until is not None and delivery.lease_until <= now
        if delivery.state is not DeliveryState.DOT_PENDING or not abandoned:
            return delivery
        resend = route.when_uncertain == "resend"
        conclusion = uncertain_outcome(delivery, now, self._retry_at(delivery) if resend else None)
        _count(conclusion)
        log.warning("dot without an answer", interaction_id=delivery.id, attempt=delivery.attempt)
        return await self._stores.deliveries.conclude(delivery, conclusion, abandoned=True)

    async def _update_interaction(self, delivery: Delivery) -> None:
        decide = interaction_change(delivery)
        if decide is None:
            return
        cause = cause_of(delivery)
        try:
            await _retry_until_written(
                lambda: self._stores.interactions.change(delivery.id, cause, decide)
            )
        except OperationNotAllowedError:
            log.info("interaction is up to date already", interaction_id=delivery.id)

    def _retry_at(self, delivery: Delivery) -> datetime | None:
        return next_attempt(
            delivery.attempt,
            queued_at=delivery.queued_at,
            now=self._stores.clock.now(),
            random=self._stores.random,
        )

    @asynccontextmanager
    async def _renewing(self, claim: Claim) -> AsyncIterator[None]:
        """Keep the lease for as long as the context lasts."""
        task = asyncio.create_task(self._renew(claim))
        try:
            yield
        finally:
            await cancel_and_wait({task})

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._stores.lease.total_seconds() / 3)
            try:
                await self._stores.deliveries.renew(claim, self._stores.lease)
            except Unavailable as error:
                log.warning("lease not renewed", reason=str(error))


async def _whole(octets: bytes) -> AsyncIterator[bytes]:
    yield octets


async def _retry_until_written(write: Callable[[], Awaitable[T]]) -> T:
    """Repeat a write while the database is away, longer than the election of a primary takes."""
    for _ in range(_WRITE_TRIES):
        try:
            return await write()
        except Unavailable as error:
            log.warning("write failed, tried again", reason=str(error))
            await asyncio.sleep(_WRITE_AGAIN_AFTER)
    return await write()


def _count(conclusion: Conclusion) -> None:
    metrics.CONCLUDED.labels(conclusion.state.lower()).inc()


def _report(delivery: Delivery, transmission: Transmission, route: SmtpRoute) -> None:
    reply = transmission.reply
    taken = transmission.phase is Phase.DOT and reply is not None and reply.is_positive
    (log.info if taken else log.warning)(
        "mail handed over" if taken else "mail not handed over",
        interaction_id=delivery.id,
        correlation_id=delivery.correlation_id,
        message_id=delivery.message_id,
        attempt=delivery.attempt,
        domains=sorted({one.address.rpartition("@")[2] for one in delivery.open_recipients}),
        relay=f"{route.host}:{route.port}",
        phase=transmission.phase.name,
        code=reply.code if reply else 0,
        said=reply.text if reply else "",
        fault=transmission.fault,
        refused=[one.code for one in transmission.recipients.values() if not one.is_positive],
    )
