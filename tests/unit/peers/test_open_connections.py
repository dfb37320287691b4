"""Which connections are admitted, and which one ends for a new one."""

from dataclasses import dataclass
from ipaddress import ip_network

from shared.peers.open_connections import ConnectionLimits, OpenConnections, RefusedConnection

NOW = 1_000.0
LONG_AGO = 900.0


@dataclass(eq=False)
class FakeConnection:
    waiting_since: float | None = LONG_AGO
    is_ended: bool = False

    def give_way(self) -> None:
        self.is_ended = True


def connections(**changed: object) -> OpenConnections:
    limits = {"most": 10, "per_peer": 10, "per_minute": 1_000} | changed
    return OpenConnections(ConnectionLimits(**limits), lambda: NOW)  # type: ignore[arg-type]


def opened(
    table: OpenConnections, address: str, count: int, since: float | None = LONG_AGO
) -> list[FakeConnection]:
    made = [FakeConnection(since) for _ in range(count)]
    assert [table.admit(one, address) for one in made] == [None] * count
    return made


def test_peer_with_its_share_gives_up_an_idle_one() -> None:
    table = connections(per_peer=3)
    mine = opened(table, "192.0.2.1", 3)
    others = opened(table, "192.0.2.2", 3)

    opened(table, "192.0.2.1", 1)

    assert [one.is_ended for one in mine] == [True, False, False]
    assert not any(one.is_ended for one in others)


def test_held_polls_of_one_address_are_not_ended() -> None:
    table = connections(per_peer=2, most=100)

    held = opened(table, "192.0.2.1", 50, since=None)

    assert not any(one.is_ended for one in held)
    assert len(table) == 50


def test_new_connections_have_a_moment_to_send_a_head() -> None:
    table = connections(per_peer=2)
    fresh = opened(table, "192.0.2.1", 2, since=NOW - 1)

    opened(table, "192.0.2.1", 1)

    assert not any(one.is_ended for one in fresh)


def test_idle_ones_among_many_that_are_held_are_found() -> None:
    table = connections(per_peer=100, most=1_000)
    held = opened(table, "192.0.2.1", 90, since=None)
    idle = opened(table, "192.0.2.1", 10)

    opened(table, "192.0.2.1", 40, since=None)

    assert all(one.is_ended for one in idle)
    assert not any(one.is_ended for one in held)


def test_without_room_the_greediest_makes_it() -> None:
    table = connections(most=10)
    modest = opened(table, "192.0.2.1", 1)
    greedy = opened(table, "192.0.2.2", 9)

    opened(table, "192.0.2.3", 3)

    assert not modest[0].is_ended
    assert sum(one.is_ended for one in greedy) == 3
    assert len(table) == 10


def test_without_room_and_idle_ones_a_new_one_is_refused() -> None:
    table = connections(most=2)
    opened(table, "192.0.2.1", 2, since=None)

    assert table.admit(FakeConnection(), "192.0.2.2") is RefusedConnection.FULL
    assert table.refused == {RefusedConnection.FULL: 1}


def test_too_many_in_a_minute_are_refused() -> None:
    table = connections(per_minute=3)
    for one in opened(table, "192.0.2.1", 3):
        table.remove(one)

    assert table.admit(FakeConnection(), "192.0.2.1") is RefusedConnection.TOO_OFTEN
    assert table.admit(FakeConnection(), "192.0.2.2") is None


def test_proxy_has_no_share_and_no_pace() -> None:
    table = connections(per_minute=1, per_peer=1, exempt=[ip_network("192.0.2.0/24")])

    behind_it = opened(table, "192.0.2.1", 5)

    assert not any(one.is_ended for one in behind_it)


def test_connection_that_becomes_a_websocket_still_counts() -> None:
    table = connections(most=1)
    (before,) = opened(table, "192.0.2.1", 1)
    after = FakeConnection(None)

    table.replace(before, after)
    table.remove(before)

    assert table.admit(FakeConnection(), "192.0.2.2") is RefusedConnection.FULL
    table.remove(after)
    assert len(table) == 0


def test_connection_that_was_never_admitted_is_removed_quietly() -> None:
    table = connections()

    table.remove(FakeConnection())
    table.replace(FakeConnection(), FakeConnection())

    assert len(table) == 0
