"""The replay extension: a subscription that begins at a position instead of now.

While a session catches up, what is published on those channels passes it by: it is in the journal,
and the session gets there. It joins the others at the moment when it has got as far as they have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.gateway.bayeux import replies
from services.gateway.bayeux.effects import Wanted
from services.gateway.bayeux.events import Event
from services.gateway.bayeux.policy import Route
from services.gateway.bayeux.session import Replay, Session
from services.gateway.bayeux.state import State
from services.gateway.bayeux.wire import Message
from shared.domain.errors import PositionGoneError
from shared.domain.journal import ALL_THAT_IS_KEPT, Span

EXTENSION: Final = "replay"


@dataclass(frozen=True, slots=True)
class Past:
    """An event of the journal, ready for any number of channels."""

    position: int
    topic: str
    event: Event


def asks_for_replay(message: Message) -> bool:
    """Tell whether a subscription names a position."""
    return message.section("ext").get(EXTENSION) is not None


def starts(message: Message, names: Sequence[str], span: Span | None) -> dict[str, int] | str:
    """Return after which position each subscription begins that names one, or an error."""
    asked = message.section("ext").get(EXTENSION)
    found: dict[str, int] = {}
    for name in names:
        position = asked.get(name) if isinstance(asked, Mapping) else asked
        if position is None:
            continue
        if isinstance(position, bool) or not isinstance(position, int):
            return replies.REPLAY_INVALID
        if position < ALL_THAT_IS_KEPT:
            return replies.REPLAY_INVALID
        if span is None:
            return replies.REPLAY_UNAVAILABLE
        try:
            found[name] = span.start(position)
        except PositionGoneError as error:
            return replies.position_gone(str(error))
    return found


def is_fresh(message: Message, name: str) -> bool:
    """Tell whether a subscription names no position: who does hears the journal and nothing else.

    What is open is sent again to the others; it may be in the journal as well.
    """
    asked = message.section("ext").get(EXTENSION)
    position = asked.get(name) if isinstance(asked, Mapping) else asked
    return position is None


def begin(session: Session, routes: Sequence[Route], after: int) -> None:
    """Let some channels of a session begin after a position."""
    replay = Replay(reached=after, topics={route.channel: route.topic for route in routes})
    session.replays |= dict.fromkeys(replay.topics, replay)


def admits(session: Session, channel: str, position: int | None) -> bool:
    """Tell whether an event that is published now is for this session: it may catch up yet."""
    replay = session.replays.get(channel)
    if replay is None or position is None:
        return True
    if not replay.is_live or position <= replay.reached:
        return False
    del session.replays[channel]
    return True


def go_on(state: State, session: Session) -> None:
    """Have the next page fetched where there is room for it, or end the catching up."""
    told = state.told.get(session.user_id)
    if told is None:
        return
    for replay in dict.fromkeys(session.replays.values()):
        if replay.is_live or replay.is_asked:
            continue
        if replay.reached >= told:
            replay.is_live = True
        elif session.mailbox.is_roomy:
            replay.is_asked = True
            state.effects.append(Wanted(session.user_id, session.id, replay))


def fill(session: Session, replay: Replay, page: Sequence[Past], end: int) -> bool:
    """Queue a page that ends at a position, as far as it fits; False where some of it did not."""
    replay.is_asked = False
    for position, together in groupby(page, key=lambda past: past.position):
        if not _put(session, replay, together):
            return False
        replay.reached = position
    replay.reached = end
    return True


def _put(session: Session, replay: Replay, together: Iterable[Past]) -> bool:
    return session.mailbox.put_all(
        [
            past.event.on(channel)
            for past in together
            for channel, topic in replay.topics.items()
            if topic == past.topic and session.replays.get(channel) is replay
        ]
    )
