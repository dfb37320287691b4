"""Reading interactions: mine, all, one."""

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.requests import Callers, bounded_number, wants_fields
from services.gateway.store import DeskStore
from services.gateway.wire.mail import Fields
from services.gateway.wire.messages import held, outlined, stamped, watched
from services.gateway.wire.users import ADMIN
from shared.domain.interaction import Interaction
from shared.storage.agents import StoredAgent
from shared.storage.interactions import InteractionStore


class Reading:
    """The resources that only read."""

    def __init__(
        self,
        *,
        callers: Callers,
        desk: DeskStore,
        interactions: InteractionStore,
        shows_foreign_mail: bool,
        max_listed: int,
    ) -> None:
        self._callers = callers
        self._desk = desk
        self._interactions = interactions
        self._shows_foreign_mail = shows_foreign_mail
        self._max_listed = max_listed

    async def mine(self, request: Request) -> Response:
        """GET /me/interactions."""
        agent = await self._callers.agent(request)
        whole = wants_fields(request)
        snapshots = await self._desk.held_by(agent.id, with_text=whole)
        return self._listed(request, agent, snapshots, whole=whole)

    async def all(self, request: Request) -> Response:
        """GET /interactions: everything that is not finished, a page at a time.

        `limit` and `after` (the last id seen) choose the page; `hasMore` says that there is one.
        """
        agent = await self._callers.agent_or_admin(request)
        limit = bounded_number(request, "limit", at_most=self._max_listed)
        after = request.query_params.get("after", "")
        snapshots = await self._desk.active(after=after, limit=limit + 1)
        more = {"hasMore": True} if len(snapshots) > limit else {}
        return self._listed(request, agent, snapshots[:limit], whole=wants_fields(request), **more)

    async def one(self, request: Request) -> Response:
        """GET /interactions/{id}."""
        agent = await self._callers.agent_or_admin(request)
        interaction = await self._interactions.get(request.path_params["id"])
        return json_answer({"statusCode": 0, "interaction": self._seen(interaction, agent)})

    async def one_of_mine(self, request: Request) -> Response:
        """GET /me/interactions/{id}."""
        agent = await self._callers.agent(request)
        interaction = await self._interactions.get(request.path_params["id"])
        if interaction.holder_id != agent.id:
            raise RequestError(Situation.NOT_PERMITTED, "this interaction is somebody else's")
        return json_answer({"statusCode": 0, "interaction": self._seen(interaction, agent)})

    def _listed(
        self,
        request: Request,
        agent: StoredAgent,
        snapshots: list[Interaction],
        *,
        whole: bool,
        **more: object,
    ) -> Response:
        if whole:
            seen = [self._seen(one, agent, listed=True) for one in snapshots]
            return json_answer({"statusCode": 0, "interactions": seen, **more})
        root = self._callers.root(request)
        uris = [f"{root}/interactions/{one.id}" for one in snapshots]
        return json_answer({"statusCode": 0, "uris": uris, **more})

    def _seen(
        self, interaction: Interaction, agent: StoredAgent, *, listed: bool = False
    ) -> Fields:
        mine = interaction.holder_id == agent.id
        if mine:
            message = held(interaction, longest=None)
        elif not listed and (self._shows_foreign_mail or ADMIN in agent.roles):
            message = watched(interaction, longest=None)
        else:
            message = outlined(interaction)
        return stamped(message, interaction.version)
