"""Uploads files to a draft, and removes them."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth.permissions import refusal_of
from services.gateway.commands.command_ids import command_ids_of
from services.gateway.commands.command_sender import CommandSender
from services.gateway.errors import RequestError, Situation
from services.gateway.http.preconditions import expected_version
from services.gateway.operations.drafts.link_attachment import LINK_ATTACHMENT
from services.gateway.operations.request import ZERO, PreparedCommand
from services.gateway.rest.callers import Callers
from services.gateway.rest.uploads.form_files import FormBodies, FormFileReader
from services.gateway.wire.states import STATES
from shared.contracts.commands import LinkDocument, UnlinkDocument
from shared.domain.errors import Unavailable
from shared.domain.interaction import Attachment, Interaction
from shared.mail.draft_attachments import has_attachment
from shared.storage.agents.agent_store import StoredAgent
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.vault import Vault
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.upload_store import AwaitedEvent, UploadStore


class AttachmentsResource:
    """POST and DELETE below /me/interactions/{id}/attachments."""

    def __init__(
        self,
        *,
        callers: Callers,
        interactions: InteractionStore,
        uploads: UploadStore,
        vault: Vault,
        configuration: ConfigurationStore,
        command_sender: CommandSender,
        bodies: FormBodies,
    ) -> None:
        self._callers = callers
        self._interactions = interactions
        self._uploads = uploads
        self._vault = vault
        self._configuration = configuration
        self._command_sender = command_sender
        self._bodies = bodies

    async def upload(self, request: Request) -> Response:
        """POST: once this is answered, each file is stored and a Send includes it.

        A message on the topic says when the draft lists a file.
        """
        agent = await self._callers.agent(request)
        draft = await self._draft(request, agent)
        expected_version(request.headers.getlist("if-match"), draft)
        files = await self._store_files(request, draft)
        if not files:
            raise RequestError(Situation.PARAMETER_MISSING, "there is no file in part attachment")
        return await self._link(request, draft.id, agent.id, [one.id for one in files])

    async def remove(self, request: Request) -> Response:
        """DELETE: once this is answered, a Send does not include the file."""
        agent = await self._callers.agent(request)
        draft = await self._draft(request, agent)
        document_id = request.path_params["attachment_id"]
        pending = {one.id for one in await self._pending(draft)}
        if not has_attachment(draft.mail, document_id) and document_id not in pending:
            raise RequestError(Situation.NOT_FOUND, "there is no such attachment")
        expected_version(request.headers.getlist("if-match"), draft)
        await self._uploads.withdraw([document_id])
        command = UnlinkDocument(
            interaction_id=draft.id, agent_id=agent.id, document_id=document_id, asked_as="DELETE"
        )
        return await self._command_sender.send(request, PreparedCommand(command, ZERO), draft)

    async def _draft(self, request: Request, agent: StoredAgent) -> Interaction:
        interaction = await self._interactions.get(request.path_params["id"], with_text=False)
        require_author(interaction, agent)
        return interaction

    async def _store_files(self, request: Request, draft: Interaction) -> list[Attachment]:
        contact_center = await self._configuration.current()
        listed = (*draft.mail.attachments, *await self._pending(draft))
        reader = FormFileReader(
            uploads=self._uploads,
            vault=self._vault,
            rules=contact_center.attachments,
            scanner=contact_center.virus_scanner,
            draft_id=draft.id,
            batch=command_ids_of(request.scope).new_id,
        )
        body = self._bodies.read(request.receive)
        return await reader.store(request.headers.get("content-type", ""), body, listed)

    async def _pending(self, draft: Interaction) -> list[Attachment]:
        """Return the files that are stored, but not listed by the draft yet."""
        return [
            one.document.attachment
            for one in await self._uploads.pending(draft.id)
            if one.awaits is AwaitedEvent.LINK and not has_attachment(draft.mail, one.document.id)
        ]

    async def _link(
        self, request: Request, draft_id: str, agent_id: str, documents: Sequence[str]
    ) -> Response:
        commands = [
            LinkDocument(
                interaction_id=draft_id,
                agent_id=agent_id,
                document_id=one,
                asked_as="LinkAttachment",
            )
            for one in documents
        ]
        several = {"documentIds": list(documents)} if len(documents) > 1 else {}
        answer = {"statusCode": 0, "documentId": documents[0], "status": "ok", **several}
        try:
            response = await self._command_sender.send_all(request, commands, answer)
            await self._uploads.promise(documents)
        except Unavailable:
            # The agent will upload again: without this the mail would have the files twice.
            await self._uploads.withdraw(documents)
            raise
        return response


def require_author(interaction: Interaction, agent: StoredAgent) -> None:
    """Check that an agent may change the files of an interaction.

    Raises:
        RequestError: It is a mail that arrived, no longer a draft, or another agent's.
    """
    match refusal_of(LINK_ATTACHMENT, agent, interaction):
        case None:
            return
        case Situation.OPERATION_FORBIDDEN as situation:
            message = "the attachments of a mail that arrived stay as they are"
        case Situation.WRONG_STATE as situation:
            message = f"attachments cannot be changed in state {STATES[interaction.state]}"
        case situation:
            message = "attachments are for the agent who holds this interaction"
    raise RequestError(situation, message)
