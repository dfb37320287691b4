"""The files of a draft: taken in as they come, promised, and handed to their owner."""

from collections.abc import Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.answers import json_answer
from services.gateway.errors import RequestError, Situation
from services.gateway.file_intake import Intake, body_of
from services.gateway.orders import Orders
from services.gateway.requests import Callers
from services.gateway.wire.states import STATES
from shared.contracts.commands import LinkDocument, UnlinkDocument
from shared.domain.errors import OperationNotAllowedError, Unavailable
from shared.domain.interaction import Attachment, Interaction
from shared.domain.lifecycle import Direction, Operation
from shared.mail.attaching import has_attachment
from shared.storage.configuration import ConfigurationStore
from shared.storage.interactions import InteractionStore
from shared.storage.uploads import Awaits, UploadStore
from shared.storage.vault import Vault


class Uploading:
    """POST and DELETE below /me/interactions/{id}/attachments."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        uploads: UploadStore,
        vault: Vault,
        configuration: ConfigurationStore,
        orders: Orders,
        stall: timedelta,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._uploads = uploads
        self._vault = vault
        self._configuration = configuration
        self._orders = orders
        self._stall = stall.total_seconds()

    async def upload(self, request: Request) -> Response:
        """POST: every file of the form is stored, and will be in the mail, once this is answered.

        The draft lists a file when its owner has linked it, which is told on the topic.
        """
        agent = await self._callers.agent(request)
        draft = await self._draft(request, agent.id)
        files = await self._take(request, draft)
        if not files:
            raise RequestError(Situation.PARAMETER_MISSING, "there is no file in part attachment")
        ids = [one.id for one in files]
        await self._link(draft.id, agent.id, ids)
        several = {"documentIds": ids} if len(ids) > 1 else {}
        return json_answer({"statusCode": 0, "documentId": ids[0], "status": "ok", **several})

    async def remove(self, request: Request) -> Response:
        """DELETE: the file will not be in the mail, once this is answered."""
        agent = await self._callers.agent(request)
        draft = await self._draft(request, agent.id)
        document_id = request.path_params["attachment_id"]
        promised = {one.id for one in await self._promised(draft)}
        if not has_attachment(draft.mail, document_id) and document_id not in promised:
            raise RequestError(Situation.NOT_FOUND, "there is no such attachment")
        await self._uploads.withdraw([document_id])
        await self._orders.give(
            UnlinkDocument(interaction_id=draft.id, agent_id=agent.id, document_id=document_id)
        )
        return json_answer({"statusCode": 0, "status": "ok"})

    async def _draft(self, request: Request, agent_id: str) -> Interaction:
        interaction = await self._interactions.get(request.path_params["id"], with_text=False)
        require_author(interaction, agent_id)
        return interaction

    async def _take(self, request: Request, draft: Interaction) -> list[Attachment]:
        rules = (await self._configuration.current()).attachments
        listed = (*draft.mail.attachments, *await self._promised(draft))
        intake = Intake(uploads=self._uploads, vault=self._vault, rules=rules, draft_id=draft.id)
        body = body_of(request.receive, at_most=rules.largest_mail, stall=self._stall)
        return await intake.take(request.headers.get("content-type", ""), body, listed)

    async def _promised(self, draft: Interaction) -> list[Attachment]:
        """Return the files that are on their way to a draft."""
        return [
            one.document.attachment
            for one in await self._uploads.pending(draft.id)
            if one.awaits is Awaits.LINK and not has_attachment(draft.mail, one.document.id)
        ]

    async def _link(self, draft_id: str, agent_id: str, documents: Sequence[str]) -> None:
        try:
            for one in documents:
                await self._orders.give(
                    LinkDocument(interaction_id=draft_id, agent_id=agent_id, document_id=one)
                )
            await self._uploads.promise(documents)
        except Unavailable:
            # The agent is told to try again: what is on its way must not be there twice then.
            await self._uploads.withdraw(documents)
            raise


def require_author(interaction: Interaction, agent_id: str) -> None:
    """Make sure that an agent may change the files of an interaction.

    Raises:
        RequestError: It is somebody else's, a mail that arrived, or no draft any more.
    """
    if interaction.holder_id != agent_id:
        raise RequestError(
            Situation.NOT_PERMITTED, "attachments are for the agent who holds this interaction"
        )
    if interaction.direction is Direction.INBOUND:
        raise RequestError(
            Situation.OPERATION_FORBIDDEN, "the attachments of a mail that arrived stay as they are"
        )
    try:
        interaction.require_holder(agent_id, Operation.LINK_ATTACHMENT)
    except OperationNotAllowedError as error:
        state = STATES[interaction.state]
        raise RequestError(
            Situation.WRONG_STATE, f"attachments cannot be changed in state {state}"
        ) from error
