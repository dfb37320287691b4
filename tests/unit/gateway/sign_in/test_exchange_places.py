"""Places are taken by turns of the peers, so that nobody has to wait for a flood of another."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from services.gateway.sign_in.exchange_places import ExchangePlaces, NoPlaceError, PlaceLimits
from shared.background_tasks import cancel_and_wait

SOON = timedelta(milliseconds=10)


class Exchanges:
    """Exchanges that run until the test ends them."""

    def __init__(self, **limits: object) -> None:
        wanted = {
            "at_once": 2,
            "of_peer": 2,
            "waiting": 100,
            "waiting_of_peer": 50,
            "patience": timedelta(minutes=1),
        }
        self.places = ExchangePlaces(PlaceLimits(**(wanted | limits)))  # type: ignore[arg-type]
        self.running: list[str] = []
        self.refused: list[str] = []
        self._ends: dict[str, list[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, *peers: str) -> list[asyncio.Task[None]]:
        made = [asyncio.create_task(self._run(peer)) for peer in peers]
        self._tasks += made
        await settle()
        return made

    async def end(self, peer: str) -> None:
        self._ends[peer].pop(0).set()
        await settle()

    async def _run(self, peer: str) -> None:
        try:
            async with self.places.taken(peer):
                self.running.append(peer)
                ended = asyncio.Event()
                self._ends.setdefault(peer, []).append(ended)
                try:
                    await ended.wait()
                finally:
                    self.running.remove(peer)
        except NoPlaceError:
            self.refused.append(peer)

    async def close(self) -> None:
        await cancel_and_wait(self._tasks)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_peers_take_turns_however_many_one_of_them_asks_for() -> None:
    exchanges = Exchanges()
    await exchanges.ask(*["flood"] * 30, "ann", *["flood"] * 10, "ben")

    await exchanges.end("flood")
    await exchanges.end("flood")
    afterwards = sorted(exchanges.running)

    assert afterwards == ["ann", "flood"]
    await exchanges.end("flood")
    assert sorted(exchanges.running) == ["ann", "ben"]
    await exchanges.close()


async def test_peer_has_no_more_than_its_share_while_others_come() -> None:
    exchanges = Exchanges(at_once=3)
    await exchanges.ask(*["flood"] * 10, "ann")

    assert exchanges.running == ["flood", "flood", "ann"]
    await exchanges.close()


@pytest.mark.parametrize("limits", [{"waiting": 3}, {"waiting_of_peer": 3}])
async def test_only_some_wait(limits: dict[str, object]) -> None:
    exchanges = Exchanges(**limits)

    await exchanges.ask(*["flood"] * 10)

    assert exchanges.refused == ["flood"] * 5
    await exchanges.close()


async def test_patience_has_an_end_and_leaves_no_trace() -> None:
    exchanges = Exchanges(patience=SOON)
    await exchanges.ask("ann", "ann")
    (late,) = await exchanges.ask("ben")

    await late
    await exchanges.end("ann")
    await exchanges.ask("ben", "ben")

    assert exchanges.refused == ["ben"]
    assert exchanges.running == ["ann", "ben"]
    await exchanges.close()


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_client_that_leaves_at_its_turn_takes_no_place(*, leaves_first: bool) -> None:
    exchanges = Exchanges(at_once=1)
    (running,) = await exchanges.ask("ann")
    (leaving,) = await exchanges.ask("ben")
    await exchanges.ask("eve")

    for one in (leaving, running) if leaves_first else (running, leaving):
        one.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    await settle()

    assert exchanges.running == ["eve"]
    await exchanges.end("eve")
    await exchanges.ask("fay", "gil")
    assert exchanges.running == ["fay"]
    await exchanges.end("fay")
    assert exchanges.running == ["gil"]
    await exchanges.close()
