"""A mail as Context Services show it, and its raw octets."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.errors import RequestError, Situation, not_found
from services.gateway.http.answers import json_answer
from services.gateway.http.content_disposition import content_disposition
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.rest.callers import Callers
from services.gateway.rest.history_readers import HistoryReaders
from services.gateway.rest.list_parameters import continued, read_listing
from services.gateway.wire.context_services import (
    Contents,
    discarded_mail,
    email_interaction,
    outline,
)
from shared.domain.deliveries.delivery import Delivery
from shared.domain.deliveries.delivery_report import DeliveryReport
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction
from shared.mail.threads import named_by, nearest_of_other_threads
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.discarded_mails import DiscardedMailStore
from shared.storage.mails.report_store import ReportStore

_SAFE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
)


class ContextServicesResource:
    """The resources below /ucs/interactions, /ucs/threads and /ucs/discarded."""

    def __init__(  # noqa: PLR0913 - what it works with, by name
        self,
        *,
        callers: Callers,
        readers: HistoryReaders,
        queries: InteractionQueries,
        arrivals: ArrivalStore,
        deliveries: DeliveryStore,
        threads: ThreadStore,
        reports: ReportStore,
        discarded_mails: DiscardedMailStore,
        configuration: ConfigurationStore,
        max_listed: int,
    ) -> None:
        self._discarded_mails = discarded_mails
        self._configuration = configuration
        self._max_listed = max_listed
        self._callers = callers
        self._readers = readers
        self._queries = queries
        self._arrivals = arrivals
        self._deliveries = deliveries
        self._threads = threads
        self._reports = reports

    async def one(self, request: Request) -> Response:
        """GET /ucs/interactions/{id}: E-mail In or E-mail Out."""
        agent = await self._callers.agent_or_admin(request)
        interaction, changed_at = await self._queries.get_with_change_time(
            request.path_params["id"]
        )
        contents = None
        if await self._readers.refusal(agent, interaction) is None:
            contents = Contents(
                self._callers.root(request),
                await self._raw_size(interaction),
                await self._perhaps_related(agent, interaction),
                await self._delivery(interaction),
                await self._reports_on(interaction),
            )
        return json_answer(email_interaction(interaction, changed_at, contents))

    async def thread(self, request: Request) -> Response:
        """GET /ucs/threads/{id}: the mails of a thread, the oldest first, by pages.

        They have no content: whoever may read it reads it at the address of the mail.
        """
        await self._callers.agent_or_admin(request)
        listing = read_listing(request, at_most=self._max_listed)
        found = await self._threads.page(
            request.path_params["id"],
            after=request.query_params.get("after", ""),
            limit=listing.limit + 1,
        )
        if not found and "after" not in request.query_params:
            raise not_found("there is no such thread: its id is `thread_id` of a mail")
        root = self._callers.root(request)
        mails = [outline(one, root) for one in found]
        return json_answer(continued("interactions", mails, listing))

    async def discarded(self, request: Request) -> Response:
        """GET /ucs/discarded: the mails that rules discarded, the newest first, by pages.

        With `mailbox` only those of one mailbox, by any of its addresses. `Release` at the address
        of a mail brings it back. With `retention` in the description, `deletedAfter` says until
        when it is kept.
        """
        await self._callers.admin(request)
        listing = read_listing(request, at_most=self._max_listed)
        center = await self._configuration.current()
        address = request.query_params.get("mailbox", "")
        found = await self._discarded_mails.page(
            after=request.query_params.get("after", ""),
            limit=listing.limit + 1,
            mailbox=center.described_address(address),
        )
        keep = center.retention.discarded
        root = self._callers.root(request)
        mails = [discarded_mail(one, root, keep) for one in found]
        return json_answer(continued("interactions", mails, listing))

    async def _delivery(self, interaction: Interaction) -> Delivery | None:
        if interaction.direction is Direction.INBOUND:
            return None
        return await self._deliveries.get(interaction.id)

    async def _reports_on(self, interaction: Interaction) -> list[DeliveryReport]:
        if interaction.direction is Direction.INBOUND:
            return []
        return await self._reports.on(interaction.id)

    async def binary_content(self, request: Request) -> Response:
        """GET …/binary_content: the raw mail, as it arrived or as it was rendered to be sent."""
        interaction = await self._readers.get_readable(request)
        size = await self._raw_size(interaction)
        if size is None:
            raise RequestError(Situation.NOT_FOUND, "this mail has no binary content")
        headers = {
            **_SAFE_HEADERS,
            "Content-Type": "message/rfc822",
            "Content-Length": str(size),
            "Content-Disposition": content_disposition(f"{interaction.id}.eml"),
        }
        return StreamingResponse(self._raw(interaction), headers=headers)

    async def _perhaps_related(self, agent: StoredAgent, interaction: Interaction) -> list[str]:
        """Return ids of mails of other threads that this one refers to and the agent may read."""
        return [
            one.id
            for one in nearest_of_other_threads(
                interaction, await self._threads.named(named_by(interaction))
            )
            if await self._readers.refusal(agent, one) is None
        ]

    async def _raw_size(self, interaction: Interaction) -> int | None:
        if interaction.direction is Direction.OUTBOUND:
            return await self._deliveries.raw_size(interaction.id)
        if interaction.arrival_id is None:
            return None
        return await self._arrivals.raw_size(interaction.arrival_id)

    async def _raw(self, interaction: Interaction) -> AsyncIterator[bytes]:
        pieces = (
            self._deliveries.raw(interaction.id)
            if interaction.direction is Direction.OUTBOUND
            else self._arrivals.raw(interaction.arrival_id or "")
        )
        async for piece in pieces:
            yield piece
