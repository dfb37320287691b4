"""How far a held folder is fetched: the position in memory, and its durable copy."""

from services.fetching.folder_position import FolderPosition
from services.fetching.store import FolderStore
from shared.domain.clock import Clock


class FolderProgress:
    """The position of one folder. It changes in memory first, so that a retry writes it again."""

    def __init__(
        self, folder_id: str, position: FolderPosition, store: FolderStore, clock: Clock
    ) -> None:
        self._folder_id = folder_id
        self._store = store
        self._clock = clock
        self._today = ("", 0)
        self.position = position

    async def advance(self, position: FolderPosition) -> None:
        """Change the position, durably."""
        self.position = position
        await self._store.write_position(self._folder_id, position)

    async def advance_fetched(self, position: FolderPosition, mails: int) -> None:
        """Change the position after so many mails were stored, durably."""
        now = self._clock.now()
        day, before = self._today
        today = f"{now:%Y-%m-%d}"
        self._today = (today, before + mails if day == today else mails)
        self.position = position
        await self._store.write_fetched(self._folder_id, position, now, self._today[1])
