"""The commands about parked messages."""

from typing import Final

from services.console.arguments.parser import Commands, number
from shared.messaging.topology import WORK_QUEUES

_QUEUE: Final = f"one of {', '.join(queue.service for queue in WORK_QUEUES)}"


def add_commands(commands: Commands) -> None:
    """Add `replay` and `discard`."""
    _add_replay(commands)
    _add_discard(commands)


def _add_replay(commands: Commands) -> None:
    replay = commands.add_parser(
        "replay",
        help="put parked messages back on their work queue",
        description="Put messages of a parking queue back on their work queue, oldest first. "
        "Handling a message twice does no harm. Prints what is done again, and "
        "which messages were parked for a reason that a retry does not cure.",
    )
    replay.add_argument("queue", metavar="QUEUE", help=_QUEUE)
    replay.add_argument(
        "--list", action="store_true", help="only show them: id, time, type, reason"
    )
    replay.add_argument("--id", metavar="MESSAGE_ID", help="only this message")
    replay.add_argument(
        "--limit",
        metavar="N",
        type=number(at_most=1_000_000),
        help="at most so many messages",
    )


def _add_discard(commands: Commands) -> None:
    discard = commands.add_parser(
        "discard",
        help="throw away a message that cannot be handled",
        description="Take one message out of a parking queue for good. Its work is never done. "
        "The message is kept in the database, in the collection `discarded`, with the reason. "
        "`mailroom replay QUEUE --list` shows the ids.",
    )
    discard.add_argument("queue", metavar="QUEUE", help=_QUEUE)
    discard.add_argument("id", metavar="MESSAGE_ID")
    discard.add_argument("--reason", metavar="WORDS", required=True, help="why, for the record")
