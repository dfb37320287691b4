"""A listener for servers without a journal."""

from shared.bayeux.journal import Page, Span
from shared.bayeux.sessions.subscription_policy import Route


class NoJournal:
    """A `Listener` that does nothing: events are published to present subscribers and not kept.

    Use it with `BayeuxSettings(replay=False)`. Subclass it to bind queues or to send the present
    state to new subscribers.
    """

    def on_first_subscription(self, user_id: str) -> None:
        """Do nothing."""

    def on_last_unsubscription(self, user_id: str) -> None:
        """Do nothing."""

    async def on_subscribed(self, user_id: str, route: Route, session_id: str) -> None:
        """Do nothing."""

    async def span(self, user_id: str) -> Span:
        """Refuse every replay.

        Raises:
            LookupError: Always.
        """
        raise LookupError(f"no events of {user_id} are kept: subscribe without a position")

    async def replay(self, user_id: str, after: int) -> Page:
        """Return an empty page."""
        del user_id
        return Page((), reached=after)
