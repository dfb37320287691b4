"""The commands that link uploaded documents to drafts, and remove them."""

from collections.abc import Callable
from contextlib import suppress

from shared.contracts.commands import LinkDocument, UnlinkDocument
from shared.contracts.description.files import AttachmentRules
from shared.contracts.envelope import Cause
from shared.contracts.events import AttachmentAdded, AttachmentRemoved
from shared.domain.errors import Refused
from shared.domain.interaction import Attachment, Interaction
from shared.domain.lifecycle import Operation
from shared.mail.draft_attachments import (
    AttachmentLimits,
    has_attachment,
    with_attachment,
    without_attachment,
)
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.upload_store import AwaitedEvent, UploadStore


class _NothingToDoError(Exception):
    """The draft is already as the command wants it; no event is published."""


class DraftAttachments:
    """One method for each command. A repeated command changes nothing the second time."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        uploads: UploadStore,
        configuration: ConfigurationStore,
    ) -> None:
        self._interactions = interactions
        self._uploads = uploads
        self._configuration = configuration

    async def link(self, command: LinkDocument, cause: Cause) -> None:
        """Add a document to a draft, unless its agent has removed it meanwhile.

        Raises:
            Refused: The draft is sent, cancelled, full, or not the agent's any more.
        """
        rules = (await self._configuration.current()).attachments
        upload = await self._uploads.get_and_keep(command.interaction_id, command.document_id)
        if upload is None:
            await self._require_linked(command)
            return
        if upload.awaits is AwaitedEvent.REMOVAL:
            # The command that removes it comes next, and finds it not linked.
            return
        attachment = upload.document.attachment

        def decide(before: Interaction) -> Change:
            if has_attachment(before.mail, attachment.id):
                raise _NothingToDoError
            return add_attachment(before, command.agent_id, attachment, limits_of(rules))

        await self._change(command, cause, decide)
        await self._uploads.mark_done([attachment.id])

    async def unlink(self, command: UnlinkDocument, cause: Cause) -> None:
        """Remove a document from a draft. The sweep deletes its bytes a day later.

        Raises:
            Refused: The draft is sent, cancelled, or not the agent's any more. The document stays.
        """

        def decide(before: Interaction) -> Change:
            if not has_attachment(before.mail, command.document_id):
                raise _NothingToDoError
            return remove_attachment(before, command.agent_id, command.document_id)

        try:
            await self._change(command, cause, decide)
        except Refused:
            # The mail keeps the file, so nothing may wait for its removal any more.
            await self._uploads.mark_done([command.document_id])
            raise

    async def _change(
        self,
        command: LinkDocument | UnlinkDocument,
        cause: Cause,
        decide: Callable[[Interaction], Change],
    ) -> None:
        with suppress(_NothingToDoError):
            await self._interactions.change(
                command.interaction_id, cause, decide, expected_version=command.expected_version
            )

    async def _require_linked(self, command: LinkDocument) -> None:
        interaction = await self._interactions.get(command.interaction_id, with_text=False)
        if not has_attachment(interaction.mail, command.document_id):
            raise Refused("the file is not there any more: upload it again")


def limits_of(rules: AttachmentRules) -> AttachmentLimits:
    """Return the limits that the contact center sets for one mail."""
    return AttachmentLimits(rules.largest_mail, rules.most_files)


def add_attachment(
    before: Interaction, agent_id: str, attachment: Attachment, limits: AttachmentLimits
) -> Change:
    """Return the draft with one more document, for its owner.

    Raises:
        Refused: It is no draft of that agent, or a limit is exceeded.
    """
    before.require_holder(agent_id, Operation.LINK_ATTACHMENT)
    mail = with_attachment(before.mail, attachment, limits)
    after = before.after(Operation.LINK_ATTACHMENT, mail=mail)
    return Change(after, [AttachmentAdded.of(after, agent_id)])


def remove_attachment(before: Interaction, agent_id: str, attachment_id: str) -> Change:
    """Return the draft without a document, for its owner.

    Raises:
        Refused: It is no draft of that agent.
    """
    before.require_holder(agent_id, Operation.LINK_ATTACHMENT)
    mail = without_attachment(before.mail, attachment_id)
    after = before.after(Operation.LINK_ATTACHMENT, mail=mail)
    return Change(after, [AttachmentRemoved.of(after, agent_id)])
