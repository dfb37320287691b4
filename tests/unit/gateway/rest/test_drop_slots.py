"""Places to hand in a mail: the token that gets one, and the mail that has to leave."""

import asyncio
from typing import Self

import pytest

from services.gateway.errors import RequestError
from services.gateway.rest.uploads.drop_slots import DropSlot, DropSlots, SlotLimits
from shared.background_tasks import cancel_and_wait

LIMITS = SlotLimits(at_once=50, at_once_per_token=20, slowest=10_000)


class Holders:
    """Mails that are being handed in, each by a task of its own."""

    def __init__(self, slots: DropSlots) -> None:
        self._slots = slots
        self._tasks: list[asyncio.Task[None]] = []
        self.refused: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(self._tasks)

    async def begin(self, token: str, count: int = 1) -> list[DropSlot]:
        """Begin to hand in mails, of which nothing more comes."""
        held: list[DropSlot] = []
        for _ in range(count):
            begun = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._hold(token, held, begun)))
            await begun.wait()
        return held

    async def _hold(self, token: str, held: list[DropSlot], begun: asyncio.Event) -> None:
        try:
            async with self._slots.occupied(token) as slot:
                held.append(slot)
                begun.set()
                await asyncio.Event().wait()
        except RequestError:
            self.refused.append(token)
        finally:
            begun.set()

    async def settle(self) -> None:
        """Let those end that have lost their place."""
        for _ in range(5):
            await asyncio.sleep(0)


async def test_three_stolen_tokens_keep_no_honest_one_out() -> None:
    async with Holders(DropSlots(LIMITS)) as holders:
        for name, count in (("stolen-1", 20), ("stolen-2", 20), ("stolen-3", 10)):
            assert len(await holders.begin(name, count)) == count

        honest = await holders.begin("web-form", 12)  # a quarter of the places
        await holders.settle()

        assert len(honest) == 12
        assert not any(one.is_taken_away for one in honest)
        assert set(holders.refused) == {"stolen-1", "stolen-2"}


async def test_slowest_mail_of_the_greediest_token_gives_way() -> None:
    slots = DropSlots(SlotLimits(at_once=3, at_once_per_token=3, slowest=1))
    async with Holders(slots) as holders:
        (other,) = await holders.begin("other")
        first, second = await holders.begin("greedy", 2)
        first.octets, second.octets = 50_000, 40_000

        await holders.begin("web-form")
        await holders.settle()

        assert [first.is_taken_away, second.is_taken_away, other.is_taken_away] == [
            False,
            True,
            False,
        ]


async def test_mail_that_is_being_stored_keeps_its_place() -> None:
    slots = DropSlots(SlotLimits(at_once=2, at_once_per_token=2, slowest=1))
    async with Holders(slots) as holders:
        for one in await holders.begin("greedy", 2):
            one.is_whole = True

        await holders.begin("web-form")

        assert holders.refused == ["web-form"]


async def test_sixty_stolen_tokens_of_one_slow_mail_each_make_room() -> None:
    async with Holders(DropSlots(LIMITS)) as holders:
        for number in range(50):
            (slow,) = await holders.begin(f"stolen-{number}")
            slow.since, slow.octets = asyncio.get_running_loop().time() - 60, 60 * 500

        assert await holders.begin("web-form", 5)
        await holders.settle()

        assert len(holders.refused) == 5


async def test_quick_mails_of_equal_tokens_are_left_alone() -> None:
    slots = DropSlots(SlotLimits(at_once=2, at_once_per_token=2, slowest=10_000))
    async with Holders(slots) as holders:
        await holders.begin("one")
        await holders.begin("two")

        await holders.begin("three")

        assert holders.refused == ["three"]


async def test_token_never_has_more_than_its_share() -> None:
    async with Holders(DropSlots(LIMITS)) as holders:
        await holders.begin("greedy", 20)

        await holders.begin("greedy")

        assert holders.refused == ["greedy"]


async def test_other_timeouts_are_passed_on() -> None:
    slots = DropSlots(LIMITS)

    with pytest.raises(TimeoutError):
        async with slots.occupied("web-form"):
            raise TimeoutError
