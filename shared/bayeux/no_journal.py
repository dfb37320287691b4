"""The listener of a server that keeps no events."""

from shared.bayeux.driver import Page
from shared.bayeux.positions import Span
from shared.bayeux.sessions.subscription_policy import Route


class NoJournal:
    """Lets an application publish what is new, to whoever listens; nothing can be replayed.

    A server with this listener has `BayeuxSettings(replay=False)`. An application that binds
    queues, or shows the present state to new subscribers, overrides some of these methods.
    """

    def on_first_subscription(self, user_id: str) -> None:
        """Nothing has to be bound."""

    def on_last_unsubscription(self, user_id: str) -> None:
        """Nothing has to be unbound."""

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """Nothing is shown to new subscribers."""

    async def span(self, user_id: str) -> Span:
        """Refuse to replay.

        Raises:
            LookupError: Always.
        """
        raise LookupError(f"no events of {user_id} are kept")

    async def replay(self, user_id: str, after: int) -> Page:
        """Return an empty page."""
        del user_id
        return Page((), reached=after)
