"""All sockets of a user have one share of the processor, also after the user reconnects."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.bayeux.sessions.session import Login
from shared.bayeux.settings import BayeuxSettings
from shared.bayeux.transports.cluster import SingleProcess
from shared.bayeux.transports.processor_share import FULL_AFTER, ProcessorShare
from shared.bayeux.transports.websocket import SocketPeer, WebSockets
from tests.unit.bayeux.fake_transport import MovableLoop


class AcceptedSocket:
    """A socket of a user, from its acceptance to its end."""

    peer: SocketPeer
    share: ProcessorShare

    async def accept(self, peer: SocketPeer, _headers: Any, *, share: ProcessorShare) -> None:
        self.peer, self.share = peer, share


class Users:
    """Users who open sockets at one server."""

    def __init__(self) -> None:
        protocol = SimpleNamespace(has_session=lambda _: True)
        driver = SimpleNamespace(
            settings=BayeuxSettings(), protocol=protocol, detach=lambda _: None
        )
        self._sockets = WebSockets(cast("Any", driver), SingleProcess())

    async def open(self, user_id: str) -> AcceptedSocket:
        socket = AcceptedSocket()
        principal = SimpleNamespace(user_id=user_id, login=Login(), headers={})
        await self._sockets.serve(
            cast("Any", principal), cast("Any", socket), {"headers": [], "path": "/cometd"}
        )
        return socket


@pytest.fixture
async def loop(monkeypatch: pytest.MonkeyPatch) -> MovableLoop:
    """The running loop with a clock that the test moves."""
    movable = MovableLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: movable)
    return movable


async def test_sockets_of_a_user_have_one_share(loop: MovableLoop) -> None:
    users = Users()

    first, second = await users.open("agent1"), await users.open("agent1")
    other = await users.open("agent2")
    loop.move(2 * FULL_AFTER)

    assert first.share is second.share
    assert other.share is not first.share


async def test_user_who_reconnects_goes_on_with_the_rest(loop: MovableLoop) -> None:
    users = Users()
    first = await users.open("agent1")
    first.share.spend(10.0, loop.time())

    first.peer.disconnected()
    loop.move(FULL_AFTER / 2)
    second = await users.open("agent1")

    assert second.share is first.share
    assert second.share.delay(loop.time()) > 0.0


async def test_share_of_a_user_who_is_gone_is_forgotten(loop: MovableLoop) -> None:
    users = Users()
    first = await users.open("agent1")

    first.peer.disconnected()
    loop.move(2 * FULL_AFTER)

    assert (await users.open("agent1")).share is not first.share


async def test_debt_is_kept_until_it_is_paid(loop: MovableLoop) -> None:
    users = Users()
    first = await users.open("agent1")
    first.share.spend(1_000.0, loop.time())

    first.peer.disconnected()
    loop.move(2 * FULL_AFTER)
    second = await users.open("agent1")
    due = second.share.delay(loop.time())
    second.peer.disconnected()
    loop.move(due + 2 * FULL_AFTER)

    assert second.share is first.share
    assert due > 9_000.0
    assert (await users.open("agent1")).share is not first.share


async def test_input_that_ends_a_socket_is_counted(loop: MovableLoop) -> None:
    users = Users()
    first = await users.open("agent1")

    first.peer.disconnected()
    first.share.spend(10.0, loop.time())  # a close frame ends it before its piece is counted
    loop.move(2 * FULL_AFTER)

    assert (await users.open("agent1")).share is first.share


async def test_share_counts_from_the_newest_disconnection(loop: MovableLoop) -> None:
    users = Users()
    first = await users.open("agent1")
    first.peer.disconnected()
    loop.move(FULL_AFTER * 0.9)
    second = await users.open("agent1")
    second.share.spend(10.0, loop.time())

    second.peer.disconnected()
    loop.move(FULL_AFTER * 0.5)

    assert (await users.open("agent1")).share is second.share


async def test_debt_outlives_any_number_of_reconnections(loop: MovableLoop) -> None:
    users = Users()
    socket = first = await users.open("agent1")

    for _ in range(100):
        socket.share.spend(1.0, loop.time())
        socket.peer.disconnected()
        loop.move(FULL_AFTER * 0.3)
        socket = await users.open("agent1")

    assert socket.share is first.share
    assert socket.share.delay(loop.time()) > 800.0


async def test_reconnections_leave_one_timer_for_each_user(loop: MovableLoop) -> None:
    users = Users()

    for _ in range(100):
        (await users.open("agent1")).peer.disconnected()

    assert loop.waiting == 1
