"""Who hears what: user, topic, channel, sessions."""

from collections.abc import Iterable, Sequence

from services.gateway.bayeux.policy import Route
from services.gateway.bayeux.session import Session


class RoutingTable:
    """Finds the sessions for an event without looking at any other."""

    __slots__ = ("_users",)

    def __init__(self) -> None:
        self._users: dict[str, dict[str, dict[str, dict[Session, None]]]] = {}

    @property
    def users(self) -> Iterable[str]:
        """The users who have at least one route."""
        return tuple(self._users)

    def add(self, session: Session, routes: Iterable[Route]) -> bool:
        """Enter routes; True when they are the first of this user."""
        first = False
        for route in routes:
            first |= session.user_id not in self._users
            topics = self._users.setdefault(session.user_id, {})
            topics.setdefault(route.topic, {}).setdefault(route.channel, {})[session] = None
        return first

    def remove(self, session: Session, routes: Iterable[Route]) -> bool:
        """Strike routes out; True when the user has none left and had some."""
        topics = self._users.get(session.user_id)
        if topics is None:
            return False
        for route in routes:
            _strike(topics, route, session)
        if not topics:
            del self._users[session.user_id]
        return not topics

    def listeners(self, user_id: str, topic: str) -> Sequence[tuple[str, Sequence[Session]]]:
        """Return each channel on which this topic is heard, with a copy of its sessions."""
        topics = self._users.get(user_id)
        channels = topics.get(topic) if topics else None
        if not channels:
            return ()
        return [(channel, tuple(sessions)) for channel, sessions in channels.items()]


def _strike(
    topics: dict[str, dict[str, dict[Session, None]]], route: Route, session: Session
) -> None:
    channels = topics.get(route.topic, {})
    sessions = channels.get(route.channel, {})
    sessions.pop(session, None)
    if not sessions:
        channels.pop(route.channel, None)
    if not channels:
        topics.pop(route.topic, None)
