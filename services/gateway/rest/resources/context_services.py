"""A mail as Context Services show it, with its HTML and its raw octets."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.auth.permissions import Read, refusal, refusal_of
from services.gateway.errors import RequestError, Situation
from services.gateway.http.answers import json_answer
from services.gateway.http.content_disposition import content_disposition
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.operations.rules import Ownership
from services.gateway.rest.callers import Callers
from services.gateway.wire.context_services import Contents, email_interaction
from shared.domain.delivery import Delivery
from shared.domain.delivery_report import DeliveryReport
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction
from shared.mail.threads import named_by, nearest_of_other_threads, proves, speaker_in
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.interactions.thread_store import ThreadStore
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.report_store import ReportStore

_SAFE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self' data:",
        "Cache-Control": "private, no-store",
    }
)


class ContextServicesResource:
    """The resources below /ucs/interactions."""

    def __init__(
        self,
        *,
        callers: Callers,
        queries: InteractionQueries,
        arrivals: ArrivalStore,
        deliveries: DeliveryStore,
        threads: ThreadStore,
        reports: ReportStore,
        shows_foreign_mail: bool,
    ) -> None:
        self._callers = callers
        self._queries = queries
        self._arrivals = arrivals
        self._deliveries = deliveries
        self._threads = threads
        self._reports = reports
        self._shows_foreign_mail = shows_foreign_mail

    async def one(self, request: Request) -> Response:
        """GET /ucs/interactions/{id}: E-mail In or E-mail Out."""
        agent = await self._callers.agent_or_admin(request)
        interaction, changed_at = await self._queries.get_with_change_time(
            request.path_params["id"]
        )
        contents = None
        if await self._refusal(agent, interaction) is None:
            contents = Contents(
                self._callers.root(request),
                await self._raw_size(interaction),
                await self._perhaps_related(agent, interaction),
                await self._delivery(interaction),
                await self._reports_on(interaction),
            )
        return json_answer(email_interaction(interaction, changed_at, contents))

    async def _delivery(self, interaction: Interaction) -> Delivery | None:
        if interaction.direction is Direction.INBOUND:
            return None
        return await self._deliveries.get(interaction.id)

    async def _reports_on(self, interaction: Interaction) -> list[DeliveryReport]:
        if interaction.direction is Direction.INBOUND:
            return []
        return await self._reports.on(interaction.id)

    async def structured_text(self, request: Request) -> Response:
        """GET …/structured_text: the cleaned HTML of a mail."""
        interaction = await self._readable(request)
        if not interaction.mail.html:
            raise RequestError(Situation.NOT_FOUND, "this mail has no structured text")
        headers = {**_SAFE_HEADERS, "Content-Type": "text/html; charset=utf-8"}
        return Response(interaction.mail.html.encode(errors="replace"), headers=headers)

    async def binary_content(self, request: Request) -> Response:
        """GET …/binary_content: the raw mail, as it arrived or as it was rendered to be sent."""
        interaction = await self._readable(request)
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

    async def _readable(self, request: Request) -> Interaction:
        agent = await self._callers.agent_or_admin(request)
        interaction, _ = await self._queries.get_with_change_time(request.path_params["id"])
        if situation := await self._refusal(agent, interaction):
            raise RequestError(situation, "this interaction is another agent's")
        return interaction

    async def _refusal(self, agent: StoredAgent, interaction: Interaction) -> Situation | None:
        """Return why an agent may not read a mail; None where they may.

        The mails that the agent holds are only read where the permissions depend on them.
        """
        shows_all = self._shows_foreign_mail
        situation = refusal_of(Read.HISTORY, agent, interaction, shows_all=shows_all)
        if situation is None or not await self._is_related(agent, interaction):
            return situation
        return refusal(
            Read.HISTORY,
            agent.roles,
            Ownership.RELATED,
            interaction.direction,
            interaction.state,
        )

    async def _is_related(self, agent: StoredAgent, interaction: Interaction) -> bool:
        held = await self._queries.possibly_related(agent.id, interaction)
        if any(interaction.branch in one.readable_branches for one in held):
            return True
        # Branches do not show it: the original came after its answer, or is of an older release.
        speakers = [speaker_in(one) for one in held if interaction.mail.message_id in named_by(one)]
        if any(proves(one, interaction) for one in speakers):
            return True
        return bool(speakers) and await self._threads.was_sent_on_to(speakers, interaction)

    async def _perhaps_related(self, agent: StoredAgent, interaction: Interaction) -> list[str]:
        """Return ids of mails of other threads that this one refers to and the agent may read."""
        return [
            one.id
            for one in nearest_of_other_threads(
                interaction, await self._threads.named(named_by(interaction))
            )
            if await self._refusal(agent, one) is None
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
