"""The commands about drafts: reply, create, forward, save, submit, cancel."""

from dataclasses import replace
from typing import TypeVar

from services.composition.draft_rules import apply_edits, draft_forward, draft_reply, new_draft
from services.composition.html_cleaner import HtmlCleaner
from services.composition.pending_uploads import with_pending_uploads
from services.composition.rendering.renderer import new_message_id, require_sendable
from services.composition.submission import Submission, require_none_held
from shared.contracts.commands import (
    CancelDraft,
    CompleteInteraction,
    CreateDraft,
    DraftForward,
    DraftReply,
    SaveDraft,
    SubmitDraft,
)
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause, Contract
from shared.contracts.events import DraftCanceled, DraftSaved, PropertiesUpdated, ReplyCreated
from shared.domain.clock import Clock
from shared.domain.errors import Refused, Unavailable
from shared.domain.interaction import LONGEST_SUBJECT, Address, Email, Interaction
from shared.domain.lifecycle import Operation, State
from shared.domain.user_data import change_user_data
from shared.mail.contact_ids import presumed_contact_id
from shared.mail.draft_attachments import AttachmentLimits
from shared.mail.subject_ids import with_subject_id
from shared.mail.thread_tokens import new_thread_token
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.document_store import DocumentStore
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.upload_store import UploadStore

WithEdits = TypeVar("WithEdits", CreateDraft, DraftForward, SaveDraft, SubmitDraft)


class DocumentNotStoredError(Unavailable):
    """The bytes of an attachment are not stored yet; the command is tried again."""


class DraftCommands:
    """One method for each command. A repeated command changes nothing the second time."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        documents: DocumentStore,
        uploads: UploadStore,
        submission: Submission,
        configuration: ConfigurationStore,
        clock: Clock,
        reply_all_includes_to: bool,
    ) -> None:
        self._interactions = interactions
        self._documents = documents
        self._uploads = uploads
        self._submission = submission
        self._configuration = configuration
        self._clock = clock
        self._includes_to = reply_all_includes_to
        self._cleaner = HtmlCleaner()

    async def reply(self, command: DraftReply, cause: Cause) -> None:
        """Create the draft of a reply, under the id that the agent has from the gateway."""
        original = await self._interactions.get(command.interaction_id)
        operation = Operation.REPLY_ALL if command.to_all else Operation.REPLY
        original.require_version(command.expected_version)
        original.require_holder(command.agent_id, operation)
        draft = draft_reply(
            await self._with_clean_html(original) if command.quote_original else original,
            command,
            await self._configuration.current(),
            self._clock.now(),
            includes_to=self._includes_to,
        )
        await self._interactions.add(draft, cause, [ReplyCreated.of(draft, command.agent_id)])

    async def create(self, command: CreateDraft, cause: Cause) -> None:
        """Create the draft of a new mail, under the id that the agent has from the gateway."""
        parent = await self._interactions.get(command.parent_id) if command.parent_id else None
        now = self._clock.now()
        command = await self._cleaned(command)
        draft = new_draft(command, parent, await self._configuration.current(), now)
        await self._interactions.add(draft, cause, [ReplyCreated.of(draft, command.agent_id)])

    async def forward(self, command: DraftForward, cause: Cause) -> None:
        """Create a draft that forwards a mail, with copies of its documents.

        Raises:
            DocumentNotStoredError: A document of the original is not stored yet.
        """
        original = await self._interactions.get(command.interaction_id)
        original.require_holder(command.agent_id, Operation.FORWARD)
        now = self._clock.now()
        draft = draft_forward(
            await self._with_clean_html(original),
            await self._cleaned(command),
            await self._configuration.current(),
            now,
        )
        # Before the draft exists: its agent may open the files as soon as they see it.
        await self._copy_documents(original, draft)
        await self._interactions.add(draft, cause, [ReplyCreated.of(draft, command.agent_id)])

    async def save(self, command: SaveDraft, cause: Cause) -> None:
        """Store the agent's edits.

        Raises:
            Refused: The sender is not an address of this contact center.
        """
        command = await self._cleaned(command)
        contact_center = await self._configuration.current()
        event = PropertiesUpdated if command.is_update else DraftSaved

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.SAVE)
            mail = apply_edits(before.mail, command.edits)
            require_own_sender(mail, contact_center)
            user_data = change_user_data(before.user_data, command.put, {})
            after = before.after(Operation.SAVE, mail=mail, user_data=user_data)
            return Change(after, [event.of(after, command.agent_id)])

        await self._interactions.change(
            command.interaction_id,
            cause,
            decide,
            with_text=True,
            expected_version=command.expected_version,
        )

    async def submit(self, command: SubmitDraft, cause: Cause) -> None:
        """Set the draft to SENDING, freeze its octets and order their delivery.

        The interaction is written first, so that one of two Sends wins. The octets are rendered
        from what was written, so that a repetition after a crash renders the same mail. Files
        whose upload has ended are in it, even if the command that links them is still queued.

        Raises:
            Refused: The mail cannot be sent as it is, or has too many or too large files.
        """
        command = await self._cleaned(command)
        contact_center = await self._configuration.current()
        rules = contact_center.attachments
        room = AttachmentLimits(rules.largest_mail, rules.most_files)
        pending = await self._uploads.pending(command.interaction_id)
        held = await self._documents.held(command.interaction_id)

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.SEND)
            mail = with_pending_uploads(apply_edits(before.mail, command.edits), pending, room)
            require_none_held(mail.attachments, held)
            message_id = new_message_id(before.id, require_own_sender(mail, contact_center))
            sent_at = self._clock.now()
            mail = replace(mail, message_id=message_id, sent_at=sent_at)
            mail = with_thread_token(mail, contact_center)
            mail = with_id_in_subject(mail, before.id, contact_center)
            require_sendable(mail, sent_at)
            queue = command.queue or before.queue
            addressee = next(iter((*mail.to, *mail.cc, *mail.bcc))).address
            contact_id = before.contact_id or presumed_contact_id(addressee)
            after = before.after(Operation.SEND, mail=mail, queue=queue, contact_id=contact_id)
            return Change(after, parent_completion(after, command))

        submitted = await self._interactions.change(
            command.interaction_id,
            cause,
            decide,
            with_text=True,
            expected_version=command.expected_version,
        )
        await self._submission.order_delivery(submitted, cause)
        # Last, as a command that is repeated after a crash does each of the steps again.
        await self._uploads.mark_done([one.id for one in submitted.mail.attachments])

    async def cancel(self, command: CancelDraft, cause: Cause) -> None:
        """Cancel the draft; the mail that it answers stays as it is.

        The delivery of a mail that waits for its next attempt is canceled first. After that the
        interaction is canceled at any version, because its delivery cannot go on.
        """
        expected_version = command.expected_version
        before = await self._interactions.get(command.interaction_id, with_text=False)
        if before.state is State.SENDING:
            before.require_holder(command.agent_id, Operation.CANCEL)
            await self._submission.cancel_delivery(before, expected_version)
            expected_version = None

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.CANCEL)
            after = before.after(Operation.CANCEL)
            return Change(after, [DraftCanceled.of(after, command.agent_id)])

        await self._interactions.change(
            command.interaction_id, cause, decide, expected_version=expected_version
        )

    async def _cleaned(self, command: WithEdits) -> WithEdits:
        return command.model_copy(update={"edits": await self._cleaner.clean_edits(command.edits)})

    async def _with_clean_html(self, original: Interaction) -> Interaction:
        page = await self._cleaner.clean_or_empty(original.mail.html)
        return replace(original, mail=replace(original.mail, html=page))

    async def _copy_documents(self, original: Interaction, draft: Interaction) -> None:
        pairs = zip(original.mail.attachments, draft.mail.attachments, strict=True)
        stored = [(copy, await self._documents.get(one.id)) for one, copy in pairs]
        if any(document is None for _, document in stored):
            raise DocumentNotStoredError(f"documents of {original.id} are not stored yet")
        copies = [(copy, document.content) for copy, document in stored if document]
        held = {copy.id: document.held for copy, document in stored if document and document.held}
        if copies:
            await self._documents.add(draft.id, copies, held)


def parent_completion(sent: Interaction, command: SubmitDraft) -> list[Contract]:
    """Return the command that completes the answered mail, if the agent asked for that."""
    if not command.complete_parent or sent.parent_id is None:
        return []
    return [CompleteInteraction(interaction_id=sent.parent_id, agent_id=command.agent_id)]


def with_thread_token(mail: Email, contact_center: ContactCenter) -> Email:
    """Return a mail with a token, if its mailbox wants one.

    A mail that is sent once more keeps its token: some recipients may have the first one.
    """
    mailbox = contact_center.mailbox_for(mail.sender.address) if mail.sender else None
    if mailbox is None or not mailbox.thread_tokens:
        return replace(mail, thread_token="")
    return mail if mail.thread_token else replace(mail, thread_token=new_thread_token())


def with_id_in_subject(mail: Email, interaction_id: str, contact_center: ContactCenter) -> Email:
    """Return a mail with its id in the subject, if its mailbox wants that."""
    mailbox = contact_center.mailbox_for(mail.sender.address) if mail.sender else None
    if mailbox is None or not mailbox.subject_ids:
        return mail
    return replace(mail, subject=with_subject_id(mail.subject, interaction_id, LONGEST_SUBJECT))


def require_own_sender(mail: Email, contact_center: ContactCenter) -> Address:
    """Return the sender of a mail.

    Raises:
        Refused: The sender is missing or not an address of this contact center.
    """
    if mail.sender is None or not contact_center.owns(mail.sender.address):
        raise Refused("the sender is not an address of this contact center")
    return mail.sender
