"""How far a replay has come."""

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class ReplayProgress:
    """The progress of a replay, shared by channels of a session that started at one position.

    Attributes:
        reached: The last position of the journal that was queued.
        topics: The topic of each channel.
        is_page_requested: Whether a page is being fetched.
        is_live: Whether later events are taken from what is published instead of the journal.
    """

    reached: int
    topics: dict[str, str] = field(default_factory=dict)
    is_page_requested: bool = False
    is_live: bool = False
