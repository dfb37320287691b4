"""The time at which each mail's event was received, by the mail's subject."""

import asyncio


class EventTimes:
    """Collects moments of `time.monotonic()`, the first of each mail."""

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}
        self._grown = asyncio.Event()

    def note(self, subject: str, moment: float) -> None:
        """Note that the event of a mail was there at a moment."""
        self._moments.setdefault(subject, moment)
        self._grown.set()

    async def all_of(self, subjects: list[str]) -> dict[str, float]:
        """Return the moment of every mail, once the last is there."""
        missing = set(subjects)
        while missing:
            missing -= self._moments.keys()
            if missing:
                self._grown.clear()
                await self._grown.wait()
        return {subject: self._moments[subject] for subject in subjects}
