"""Decides who may read a mail by its own address: its readers, and those who answer its thread."""

from starlette.requests import Request

from services.gateway.auth.permissions import ReadScope, refusal, refusal_of
from services.gateway.errors import RequestError, Situation
from services.gateway.interaction_queries import InteractionQueries
from services.gateway.operations.rules import Ownership
from services.gateway.rest.callers import Callers
from shared.domain.interaction import Interaction
from shared.mail.threads import claimed_sender_in, named_by, proves
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.interactions.thread_store import ThreadStore


class HistoryReaders:
    """Checks the permission HISTORY for the mail of a request."""

    def __init__(
        self,
        *,
        callers: Callers,
        queries: InteractionQueries,
        threads: ThreadStore,
        shows_foreign_mail: bool,
    ) -> None:
        self._callers = callers
        self._queries = queries
        self._threads = threads
        self._shows_foreign_mail = shows_foreign_mail

    async def get_readable(self, request: Request) -> Interaction:
        """Return the interaction of a request, which its caller may read.

        Raises:
            RequestError: They may not.
            UnknownInteractionError: There is none.
        """
        agent = await self._callers.agent_or_admin(request)
        interaction, _ = await self._queries.get_with_change_time(request.path_params["id"])
        if situation := await self.refusal(agent, interaction):
            raise RequestError(situation, "this interaction is another agent's")
        return interaction

    async def refusal(self, agent: StoredAgent, interaction: Interaction) -> Situation | None:
        """Return why an agent may not read a mail; None where they may.

        The mails that the agent holds are only read where the permissions depend on them.
        """
        shows_all = self._shows_foreign_mail
        situation = refusal_of(ReadScope.HISTORY, agent, interaction, shows_all=shows_all)
        if situation is None or not await self._is_related(agent, interaction):
            return situation
        return refusal(
            ReadScope.HISTORY,
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
        speakers = [
            claimed_sender_in(one) for one in held if interaction.mail.message_id in named_by(one)
        ]
        if any(proves(one, interaction) for one in speakers):
            return True
        return bool(speakers) and await self._threads.was_sent_on_to(speakers, interaction)
