"""The replay extension: a subscription that begins at a position instead of now.

While a session catches up, what is published on those channels passes it by: it is in the journal,
and the session gets there. It joins the others at the moment when it has got as far as they have.

A session hears a channel once, whatever number of its subscriptions deliver it: a further one may
take the channel back to an earlier position, never on to a later one.
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
    """An event of the journal, ready for any number of channels."""

    position: int
    topic: str
    event: Event


@dataclass(frozen=True, slots=True)
class ReplayStart:
    """After which position a subscription begins, and whether it asked for what is new only."""

    after: int
    is_new_only: bool


def asks_for_replay(message: Message) -> bool:
    """Tell whether a subscription names a position."""
    return message.section("ext").get(EXTENSION) is not None


def replay_starts(
    message: Message, names: Sequence[str], span: Span | None
) -> dict[str, ReplayStart] | str:
    """Return where each subscription begins that names a position, or an error."""
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
    """Tell whether a subscription names no position: who does hears the journal and nothing else.

    What is open is sent again to the others; it may be in the journal as well.
    """
    return _asked_position(message, name) is None


def start_replay(
    registry: SessionRegistry,
    session: Session,
    routes: Iterable[Route],
    start: ReplayStart,
    heard: Collection[str],
) -> None:
    """Let channels begin somewhere, but none that is heard already later than where it is.

    `heard` are the channels that the session heard before it asked. Those that begin at the same
    position go through the journal together, and are heard in its order.
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
    """Tell whether an event that is published now is for this session: it may catch up yet."""
    replay = session.replays.get(channel)
    if replay is None or position is None:
        return True
    if not replay.is_live or position <= replay.reached:
        return False
    del session.replays[channel]
    return True


def fetch_next_page(registry: SessionRegistry, session: Session) -> None:
    """Have the next page fetched where there is room for it, or end the catching up."""
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
    """Return what a message says of the position of one of its subscriptions."""
    asked = message.section("ext").get(EXTENSION)
    return asked.get(name) if isinstance(asked, Mapping) else asked


def _channel_position(
    registry: SessionRegistry, session: Session, channel: str, heard: Collection[str]
) -> float:
    """Return how far a channel has got: without end where it is not heard, or has not begun."""
    replay = session.replays.get(channel)
    if replay is not None and not replay.is_live:
        return replay.reached
    if replay is None and channel not in heard:
        return math.inf
    return registry.published_up_to.get(session.user_id, math.inf)


def _unrequested_replay_at(session: Session, position: int) -> Replay | None:
    """Return the replay of a session that goes on from a position and has not been asked for."""
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
    """Queue a page that ends at a position, as far as it fits; False where some of it did not."""
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
