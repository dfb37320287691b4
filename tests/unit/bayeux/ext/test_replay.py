"""Subscriptions with a position: requests for pages, replies, and delivered events."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from services.gateway.notifications.topics import CHANNELS, INTERACTIONS
from shared.bayeux.journal import JournalEvent, Page
from shared.bayeux.sessions.effects import PageWanted, Subscribed
from shared.domain.journal_positions import Span
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness, Reply, events_of


@pytest.fixture
def harness() -> ProtocolHarness:
    """A journal that keeps positions 4 to 8, all of them published."""
    return ProtocolHarness(span=Span(oldest=4, newest=8))


def subscribe(client: Client, position: Any, channel: Any = INTERACTIONS) -> Reply:
    [reply] = client.ask("/meta/subscribe", subscription=channel, ext={"replay": position})
    return reply


def joined(harness: ProtocolHarness) -> Client:
    client = Client(harness)
    client.handshake(ext={"replay": True})
    client.ask("/meta/connect", advice={"timeout": 0})
    return client


def tell(harness: ProtocolHarness, position: int, topic: str = INTERACTIONS) -> None:
    harness.publish("anna", position, topic, position=position)


def fetch(
    harness: ProtocolHarness, positions: Iterable[int], reached: int, topic: str = INTERACTIONS
) -> None:
    fill(
        harness,
        [JournalEvent(position, topic, position) for position in positions],
        reached,
    )


def fill(harness: ProtocolHarness, events: Sequence[JournalEvent], reached: int) -> None:
    [wanted] = harness.seen(PageWanted)
    assert isinstance(wanted, PageWanted)
    harness.protocol.fill(wanted.session_id, wanted.replay, Page(events, reached), harness.now)
    harness.settle()


def begin(harness: ProtocolHarness, position: int) -> None:
    harness.protocol.publish_from("anna", position)
    harness.settle()


def heard(client: Client) -> list[Any]:
    return events_of(client.ask("/meta/connect", advice={"timeout": 0}))


@pytest.mark.parametrize(("asked", "granted"), [(True, {"replay": True}), (False, None)])
def test_the_extension_is_agreed_on_at_the_handshake(
    harness: ProtocolHarness, asked: object, granted: object
) -> None:
    assert Client(harness).handshake(ext={"replay": asked}).get("ext") == granted


def test_a_server_without_a_journal_does_not_agree() -> None:
    client = Client(ProtocolHarness.with_settings(replay=False))

    assert "ext" not in client.handshake(ext={"replay": True})
    assert "ext" not in subscribe(client, 5)


@pytest.mark.parametrize(
    ("asked", "begins"), [(6, 6), (3, 3), (8, 8), (-1, 8), (-2, 3), ({INTERACTIONS: 5}, 5)]
)
def test_the_reply_says_after_which_position_it_begins(
    harness: ProtocolHarness, asked: object, begins: int
) -> None:
    reply = subscribe(joined(harness), asked)

    assert reply["successful"] is True
    assert reply["ext"] == {"replay": {INTERACTIONS: begins}}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (2, "400::position 2 is too old: what is kept begins after 3; subscribe with -1"),
        (9, "400::position 9 is unknown: the newest is 8; subscribe with -1"),
        (-3, "400::replay_invalid"),
        (True, "400::replay_invalid"),
        ("5", "400::replay_invalid"),
        ({INTERACTIONS: 1.5}, "400::replay_invalid"),
    ],
)
def test_a_position_that_cannot_be_gone_on_from_says_so(
    harness: ProtocolHarness, asked: object, error: str
) -> None:
    client = joined(harness)

    reply = subscribe(client, asked)
    begin(harness, 8)
    tell(harness, 9)

    assert reply["successful"] is False
    assert reply["error"].startswith(error)
    assert heard(client) == []


def test_while_the_journal_cannot_be_read_nobody_replays(harness: ProtocolHarness) -> None:
    harness.span = None

    assert subscribe(joined(harness), 5)["error"] == "503::replay_unavailable"


def test_missed_events_come_first_and_new_ones_once(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 6)
    begin(harness, 8)

    tell(harness, 9)
    fetch(harness, [7, 8, 9], 9)
    tell(harness, 10)

    assert heard(client) == [7, 8, 9, 10]
    assert harness.seen(PageWanted) == []


def test_a_page_that_is_ahead_of_the_pod_is_not_told_twice(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 7)
    begin(harness, 8)
    fetch(harness, [8, 9, 10], 10)

    for position in (9, 10, 11):
        tell(harness, position)

    assert heard(client) == [8, 9, 10, 11]


def test_pages_follow_each_other_until_nothing_is_missing(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, -2)
    begin(harness, 8)

    fetch(harness, [4, 5], 6)
    fetch(harness, [7, 8], 8)

    assert heard(client) == [4, 5, 7, 8]
    assert harness.seen(PageWanted) == []


def test_session_that_missed_nothing_reads_no_page(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 8)
    begin(harness, 8)

    tell(harness, 9)

    assert harness.seen(PageWanted) == []
    assert heard(client) == [9]


def test_a_replay_waits_for_the_pod_to_begin(harness: ProtocolHarness) -> None:
    subscribe(joined(harness), 4)
    before = harness.seen(PageWanted)

    begin(harness, 8)

    assert before == []
    assert len(harness.seen(PageWanted)) == 1


def test_others_hear_what_passes_by_who_catches_up(harness: ProtocolHarness) -> None:
    late, early = joined(harness), Client(harness).join()
    subscribe(late, 6)
    begin(harness, 8)

    tell(harness, 9)

    assert heard(early) == [9]
    assert heard(late) == []


def test_a_replay_takes_no_more_than_there_is_room_for() -> None:
    harness = ProtocolHarness.with_settings(max_queued_events=4)
    harness.span = Span(oldest=1, newest=8)
    client = joined(harness)
    subscribe(client, -2)
    begin(harness, 8)

    fetch(harness, range(1, 7), 6)
    asked_while_full = harness.seen(PageWanted)
    first = heard(client)
    fetch(harness, range(5, 9), 8)

    assert asked_while_full == []
    assert first + heard(client) == list(range(1, 9))


def test_page_that_does_not_fit_is_requested_when_there_is_room() -> None:
    harness = ProtocolHarness.with_settings(max_queued_bytes=200)
    harness.span = Span(oldest=1, newest=2)
    client = joined(harness)
    subscribe(client, -2)
    begin(harness, 2)
    large = "x" * 190

    fill(
        harness,
        [JournalEvent(1, INTERACTIONS, 1), JournalEvent(2, INTERACTIONS, large)],
        2,
    )

    assert harness.seen(PageWanted) == []
    assert heard(client) == [1]
    assert len(harness.seen(PageWanted)) == 1


def test_event_larger_than_the_queue_is_delivered_alone() -> None:
    harness = ProtocolHarness.with_settings(max_queued_bytes=10)
    harness.span = Span(oldest=1, newest=2)
    client = joined(harness)
    subscribe(client, -2)
    begin(harness, 2)

    fetch(harness, [1, 2], 2)
    first = heard(client)
    fetch(harness, [2], 2)

    assert (first, heard(client)) == ([1], [2])


def test_acknowledging_session_replays_while_its_connect_is_held() -> None:
    harness = ProtocolHarness.with_settings(max_queued_events=2)
    harness.span = Span(oldest=1, newest=4)
    client = Client(harness)
    client.handshake(ext={"replay": True, "ack": True})
    client.ask("/meta/connect", advice={"timeout": 0}, ext={"ack": 0})
    subscribe(client, -2)
    begin(harness, 4)
    fetch(harness, [1, 2, 3], 3)
    assert events_of(client.ask("/meta/connect", ext={"ack": 1})) == [1, 2]

    waiting = client.poll(ext={"ack": 2})
    fetch(harness, [3, 4], 4)

    assert events_of(client.collect(waiting)) == [3, 4]


def test_a_page_without_progress_ends_the_session(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 5)
    begin(harness, 8)

    fetch(harness, [], 5)

    assert client.ask("/meta/connect")[0]["advice"]["reconnect"] == "handshake"


def test_only_the_topics_of_a_subscription_are_replayed_to_it(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 6)
    begin(harness, 8)

    fetch(harness, [7, 8], 8, topic=CHANNELS)
    tell(harness, 9)

    assert heard(client) == [9]


def test_a_pattern_replays_all_its_topics(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 7, "/v2/me/*")
    begin(harness, 8)

    fetch(harness, [8], 8, topic=CHANNELS)
    tell(harness, 9)

    assert heard(client) == [8, 9]


EVERYTHING = "/v2/me/*"


def catch_up(harness: ProtocolHarness, *, end: int, topic: str = INTERACTIONS) -> None:
    """Bring every page that is asked for, of which each event is of one topic."""
    while wanted := harness.seen(PageWanted):
        for one in wanted:
            assert isinstance(one, PageWanted)
            page = [JournalEvent(at, topic, at) for at in range(one.replay.reached + 1, end + 1)]
            harness.protocol.fill(one.session_id, one.replay, Page(page, end), harness.now)
        harness.settle()


@pytest.mark.parametrize("asked", [-1, 8, 6])
def test_further_subscription_takes_nothing_from_a_live_one(
    harness: ProtocolHarness, asked: int
) -> None:
    client = joined(harness)
    client.ask("/meta/subscribe", subscription=INTERACTIONS)
    begin(harness, 5)

    subscribe(client, asked, EVERYTHING)
    catch_up(harness, end=5)
    for position in (6, 7, 8, 9):
        tell(harness, position)

    assert heard(client) == [6, 7, 8, 9]


def test_for_what_is_new_a_channel_never_goes_back(harness: ProtocolHarness) -> None:
    client = joined(harness)
    client.ask("/meta/subscribe", subscription=INTERACTIONS)
    begin(harness, 8)
    tell(harness, 9)

    before = heard(client)

    # The journal was asked before the event was told.
    subscribe(client, -1, EVERYTHING)
    catch_up(harness, end=9)
    tell(harness, 10)

    assert (before, heard(client)) == ([9], [10])


@pytest.mark.parametrize("further", [-1, 8])
def test_further_subscription_takes_nothing_from_a_replaying_one(
    harness: ProtocolHarness, further: int
) -> None:
    client = joined(harness)
    subscribe(client, 4)
    subscribe(client, further, EVERYTHING)
    begin(harness, 8)

    catch_up(harness, end=8)
    tell(harness, 9)

    assert heard(client) == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("names", [[INTERACTIONS, EVERYTHING], [EVERYTHING, INTERACTIONS]])
def test_in_one_request_the_earliest_position_counts(
    harness: ProtocolHarness, names: list[str]
) -> None:
    client = joined(harness)
    positions = {INTERACTIONS: 4, EVERYTHING: -1}

    reply = subscribe(client, positions, names)
    begin(harness, 8)
    catch_up(harness, end=8)

    assert reply["ext"] == {"replay": {INTERACTIONS: 4, EVERYTHING: 8}}
    assert heard(client) == [5, 6, 7, 8]


def test_subscription_to_earlier_events_gets_them_again(harness: ProtocolHarness) -> None:
    client = joined(harness)
    client.ask("/meta/subscribe", subscription=INTERACTIONS)
    begin(harness, 8)
    tell(harness, 9)
    before = heard(client)

    subscribe(client, 7, EVERYTHING)
    catch_up(harness, end=9)
    tell(harness, 10)

    assert (before, heard(client)) == ([9], [8, 9, 10])


@pytest.mark.parametrize("way", ["one message", "one request"])
def test_replays_from_one_position_keep_the_order_of_the_journal(
    harness: ProtocolHarness, way: str
) -> None:
    client = joined(harness)
    if way == "one message":
        subscribe(client, 4, [INTERACTIONS, CHANNELS])
    else:
        wanted = {"ext": {"replay": 4}}
        client.send(
            client.message("/meta/subscribe", subscription=INTERACTIONS, **wanted),
            client.message("/meta/subscribe", subscription=CHANNELS, **wanted),
        )
    begin(harness, 8)

    topics = {5: CHANNELS, 6: INTERACTIONS, 7: CHANNELS, 8: INTERACTIONS}
    fill(harness, [JournalEvent(at, topic, at) for at, topic in topics.items()], 8)

    assert heard(client) == [5, 6, 7, 8]
    assert harness.seen(PageWanted) == []


def test_unsubscribing_ends_a_replay(harness: ProtocolHarness) -> None:
    client = joined(harness)
    subscribe(client, 6)
    subscribe(client, -1, "/me/channels")
    begin(harness, 8)
    client.ask("/meta/unsubscribe", subscription=INTERACTIONS)

    fetch(harness, [7, 8], 8)

    assert heard(client) == []


@pytest.mark.parametrize(
    ("asked", "is_fresh"), [(None, True), (-1, False), (-2, False), (8, False)]
)
def test_open_invitations_are_for_those_who_name_no_position(
    harness: ProtocolHarness,
    asked: object,
    is_fresh: bool,
) -> None:
    subscribe(joined(harness), asked)

    assert bool(harness.seen(Subscribed)) is is_fresh
