"""The handler of composition's commands: calls one method for each."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from services.composition.acknowledgement import Acknowledgements
from services.composition.drafts import DraftCommands
from services.composition.redirect import RedirectCommand
from shared.contracts.commands import (
    AcknowledgeMail,
    CancelDraft,
    CompositionCommand,
    CreateDraft,
    DraftForward,
    DraftReply,
    RedirectMail,
    SaveDraft,
    SubmitDraft,
)
from shared.contracts.envelope import Envelope
from shared.runtime.refusals import Refusals

Handler = Callable[[Envelope[CompositionCommand]], Awaitable[None]]


def composition_handler(
    drafts: DraftCommands,
    redirect: RedirectCommand,
    acknowledgements: Acknowledgements,
    refusals: Refusals,
) -> Handler:
    """Return the handler of composition's work queue."""

    async def on_command(envelope: Envelope[CompositionCommand]) -> None:
        cause = envelope.cause
        if isinstance(envelope.body, AcknowledgeMail):
            await acknowledgements.acknowledge(envelope.body, cause)
            return
        async with refusals.reported_to_agent(envelope.body, cause):
            match envelope.body:
                case DraftReply() as command:
                    await drafts.reply(command, cause)
                case CreateDraft() as command:
                    await drafts.create(command, cause)
                case DraftForward() as command:
                    await drafts.forward(command, cause)
                case SaveDraft() as command:
                    await drafts.save(command, cause)
                case RedirectMail() as command:
                    await redirect.redirect(command, cause)
                case SubmitDraft() as command:
                    await drafts.submit(command, cause)
                case CancelDraft() as command:
                    await drafts.cancel(command, cause)
                case never:
                    assert_never(never)

    return on_command
