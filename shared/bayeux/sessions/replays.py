"""Channels that read a user's journal until they have caught up with what is published.

While a channel replays, published events skip it, because it reads them from the journal later.
When it has read as far as the last published position, it goes live: from then on it receives
events as they are published.

A session receives a channel once, even if several of its subscriptions deliver it. A further
subscription may move the channel back to an earlier position, but never forward. Otherwise
`/news/*` with -1 beside one channel from 2 would drop events.
"""

import math
from collections.abc import Callable, Collection, Iterable
from itertools import groupby

from shared.bayeux.journal import JournalEvent, Page
from shared.bayeux.messages.events import Event
from shared.bayeux.sessions.effects import PageWanted
from shared.bayeux.sessions.replay_progress import ReplayProgress
from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import Route


def start_replay(
    registry: SessionRegistry,
    session: Session,
    routes: Iterable[Route],
    position: int,
    *,
    unless_received: bool,
) -> None:
    """Start replays of channels after a position, except where that would move a channel forward.

    `unless_received` leaves out channels that the session receives already. Channels that start at
    the same position share one replay, so that their events keep the order of the journal.
    """
    received = {route.channel for route in session.routes}
    topics = {
        route.channel: route.topic
        for route in routes
        if not (unless_received and route.channel in received)
        and position < _channel_position(registry, session, route.channel, received)
    }
    if topics:
        replay = _unrequested_replay_at(session, position) or ReplayProgress(position)
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
    last_published = registry.last_published.get(session.user_id)
    if last_published is None:
        return
    for replay in dict.fromkeys(session.replays.values()):
        if replay.is_live or replay.is_page_requested:
            continue
        if replay.reached >= last_published:
            replay.is_live = True
        elif session.queue.has_room:
            replay.is_page_requested = True
            registry.effects.append(PageWanted(session.user_id, session.id, replay))


def _channel_position(
    registry: SessionRegistry, session: Session, channel: str, received: Collection[str]
) -> float:
    """Return the last position a channel has received; infinity if it receives nothing yet."""
    replay = session.replays.get(channel)
    if replay is not None and not replay.is_live:
        return replay.reached
    if replay is None and channel not in received:
        return math.inf
    return registry.last_published.get(session.user_id, math.inf)


def _unrequested_replay_at(session: Session, position: int) -> ReplayProgress | None:
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


def fill(
    session: Session, replay: ReplayProgress, page: Page, event: Callable[[object], Event]
) -> bool:
    """Queue a page of the journal; return whether all of it fitted.

    `event` makes an event of a payload. Events of one position are queued together or not at all.
    """
    replay.is_page_requested = False
    for position, together in groupby(page.events, key=lambda past: past.position):
        if not _put(session, replay, together, event):
            return False
        replay.reached = position
    replay.reached = page.reached
    return True


def _put(
    session: Session,
    replay: ReplayProgress,
    together: Iterable[JournalEvent],
    event: Callable[[object], Event],
) -> bool:
    events = [(past.topic, event(past.payload)) for past in together]
    return session.queue.put_all(
        [
            one.on(channel)
            for past_topic, one in events
            for channel, topic in replay.topics.items()
            if topic == past_topic and session.replays.get(channel) is replay
        ]
    )
