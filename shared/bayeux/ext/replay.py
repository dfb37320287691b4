"""The replay extension: a subscription that starts at a position of the journal instead of now.

While a channel replays, published events skip it, because it reads them from the journal later.
When it has read as far as the last published position, it goes live: from then on it receives
events as they are published.

A session receives a channel once, even if several of its subscriptions deliver it. A further
subscription may move the channel back to an earlier position, but never forward. Otherwise
`/news/*` with -1 beside one channel from 2 would drop events.

Channels that start at one position in one request are read together, in the journal's order, so
that one last position is enough to go on from. Channels that are subscribed one after the other
need a position each. A subscription with -1 is answered with the position at which it starts.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from shared.bayeux.messages import replies
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message
from shared.bayeux.positions import ALL_THAT_IS_KEPT, NEW_ONLY, Span
from shared.bayeux.sessions.effects import PageWanted
from shared.bayeux.sessions.session import Replay, Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import Route

EXTENSION: Final = "replay"


@dataclass(frozen=True, slots=True)
class ReplayedEvent:
    """An event of the journal, ready to be queued on any channel."""

    position: int
    topic: str
    event: Event


@dataclass(frozen=True, slots=True)
class ReplayStart:
    """The position after which a subscription starts, and whether it asked for new events only."""

    after: int
    is_new_only: bool


def asks_for_replay(message: Message) -> bool:
    """Tell whether a subscription names a position."""
    return message.section("ext").get(EXTENSION) is not None


def replay_starts(
    message: Message, names: Sequence[str], span: Span | None
) -> dict[str, ReplayStart] | str:
    """Return the start of each subscription that names a position, or an error string."""
    found: dict[str, ReplayStart] = {}
    for name in names:
        position = _asked_position(message, name)
        if position is None:
            continue
        if isinstance(position, bool) or not isinstance(position, int):
            return replies.REPLAY_INVALID
        if position < ALL_THAT_IS_KEPT:
            return replies.REPLAY_INVALID
        if span is None:
            return replies.REPLAY_UNAVAILABLE
        try:
            found[name] = ReplayStart(span.start(position), is_new_only=position == NEW_ONLY)
        except LookupError as error:
            return replies.position_gone(str(error))
    return found


def asks_for_present_state(message: Message, name: str) -> bool:
    """Tell whether a subscription names no position, so that the present state is sent to it.

    With a position the present state is left out: the journal may contain the same events.
    """
    return _asked_position(message, name) is None


def start_replay(
    registry: SessionRegistry,
    session: Session,
    routes: Iterable[Route],
    start: ReplayStart,
    heard: Collection[str],
) -> None:
    """Start replays of channels, except where that would move a channel forward.

    `heard` are the channels that the session received before. Channels that start at the same
    position share one replay, so that their events keep the order of the journal.
    """
    topics = {
        route.channel: route.topic
        for route in routes
        if not (start.is_new_only and route.channel in heard)
        and start.after < _channel_position(registry, session, route.channel, heard)
    }
    if topics:
        replay = _unrequested_replay_at(session, start.after) or Replay(start.after)
        replay.topics |= topics
        session.replays |= dict.fromkeys(topics, replay)


def accepts(session: Session, channel: str, position: int | None) -> bool:
    """Tell whether a published event is for a channel; a replay ends with its first live event."""
    replay = session.replays.get(channel)
    if replay is None or position is None:
        return True
    if not replay.is_live or position <= replay.reached:
        return False
    del session.replays[channel]
    return True


def fetch_next_page(registry: SessionRegistry, session: Session) -> None:
    """Request the next page of each replay if the queue has room; make finished replays live."""
    published = registry.published_up_to.get(session.user_id)
    if published is None:
        return
    for replay in dict.fromkeys(session.replays.values()):
        if replay.is_live or replay.is_page_requested:
            continue
        if replay.reached >= published:
            replay.is_live = True
        elif session.queue.has_room:
            replay.is_page_requested = True
            registry.effects.append(PageWanted(session.user_id, session.id, replay))


def _asked_position(message: Message, name: str) -> Any:
    """Return the position, of any type, that a message names for one of its subscriptions."""
    asked = message.section("ext").get(EXTENSION)
    return asked.get(name) if isinstance(asked, Mapping) else asked


def _channel_position(
    registry: SessionRegistry, session: Session, channel: str, heard: Collection[str]
) -> float:
    """Return the last position a channel has received; infinity if it receives nothing yet."""
    replay = session.replays.get(channel)
    if replay is not None and not replay.is_live:
        return replay.reached
    if replay is None and channel not in heard:
        return math.inf
    return registry.published_up_to.get(session.user_id, math.inf)


def _unrequested_replay_at(session: Session, position: int) -> Replay | None:
    """Return a replay of a session at a position for which no page has been requested, or None."""
    replays = session.replays.values()
    return next(
        (
            one
            for one in replays
            if one.reached == position and not (one.is_page_requested or one.is_live)
        ),
        None,
    )


def fill(session: Session, replay: Replay, page: Sequence[ReplayedEvent], end: int) -> bool:
    """Queue a page that covers the journal up to `end`; return whether all of it fitted.

    Events of one position are queued together or not at all.
    """
    replay.is_page_requested = False
    for position, together in groupby(page, key=lambda past: past.position):
        if not _put(session, replay, together):
            return False
        replay.reached = position
    replay.reached = end
    return True


def _put(session: Session, replay: Replay, together: Iterable[ReplayedEvent]) -> bool:
    return session.queue.put_all(
        [
            past.event.on(channel)
            for past in together
            for channel, topic in replay.topics.items()
            if topic == past.topic and session.replays.get(channel) is replay
        ]
    )
