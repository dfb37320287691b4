"""/meta/subscribe and /meta/unsubscribe. An array of channels succeeds or fails as a whole."""

from shared.bayeux.ext.replay import (
    EXTENSION,
    ReplayStart,
    asks_for_present_state,
    asks_for_replay,
    replay_starts,
    start_replay,
)
from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import is_meta, is_service, is_valid
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.effects import FirstSubscription, Subscribed
from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route


def subscribe(
    registry: SessionRegistry, session: Session, message: Message, exchange: Exchange
) -> None:
    """Add all named subscriptions, or none and reply with the reason."""
    names = _names(registry, message)
    granted = names if isinstance(names, str) else _grant_all(registry, session, names)
    starts = _replay_starts(registry, message, granted, exchange)
    if isinstance(granted, str) or isinstance(starts, str):
        error = granted if isinstance(granted, str) else str(starts)
        registry.counters.denied += 1
        exchange.replies.append(subscription_reply(message, error))
        return
    heard = {route.channel for route in session.routes}
    session.subscriptions.update(granted)
    for name, routes in granted.items():
        _add_routes(registry, session, set(routes), fresh=asks_for_present_state(message, name))
        if name in starts:
            start_replay(registry, session, routes, starts[name], heard)
    exchange.replies.append(subscription_reply(message) | _replay_ext(starts))


def unsubscribe(
    registry: SessionRegistry, session: Session, message: Message, exchange: Exchange
) -> None:
    """Remove all named subscriptions, or none and reply with the reason."""
    names = _names(registry, message)
    error = names if isinstance(names, str) else _unsubscribe_error(registry, session, names)
    if error is None:
        _remove(registry, session, names)
    exchange.replies.append(subscription_reply(message, error))


def subscription_reply(message: Message, error: str | None = None) -> Reply:
    """Return a reply that repeats the client id and the subscription of the message."""
    echo = {"clientId": message.client_id, "subscription": message.fields.get("subscription")}
    return replies.failure(message, error, **echo) if error else replies.success(message, **echo)


def _names(registry: SessionRegistry, message: Message) -> list[str] | str:
    """Return the channels and patterns that a message names, or an error."""
    asked = message.fields.get("subscription")
    if asked is None:
        return replies.SUBSCRIPTION_MISSING
    names = asked if isinstance(asked, list) else [asked]
    longest = registry.settings.max_channel_length
    if not names or not all(is_valid(name, longest=longest) for name in names):
        return replies.SUBSCRIPTION_INVALID
    return names


def _grant_all(
    registry: SessionRegistry, session: Session, names: list[str]
) -> dict[str, tuple[Route, ...]] | str:
    """Return the routes of each name, or the first error."""
    if len({*session.subscriptions, *names}) > registry.settings.max_subscriptions:
        return replies.subscribe_denied("too_many_subscriptions")
    granted: dict[str, tuple[Route, ...]] = {}
    for name in names:
        decision = _apply_policy(registry, session, name)
        if isinstance(decision, Denial):
            return replies.subscribe_denied(decision.reason)
        granted[name] = decision.routes
    return granted


def _apply_policy(registry: SessionRegistry, session: Session, name: str) -> Grant | Denial:
    if is_meta(name):
        return Denial("meta_channel")
    if is_service(name):
        return Grant(())
    return registry.policy(session.user_id, name)


def _replay_starts(
    registry: SessionRegistry,
    message: Message,
    granted: dict[str, tuple[Route, ...]] | str,
    exchange: Exchange,
) -> dict[str, ReplayStart] | str:
    """Return the starts of the subscriptions that name a position, or an error."""
    if isinstance(granted, str) or not registry.settings.replay or not asks_for_replay(message):
        return {}
    return replay_starts(message, list(granted), exchange.span)


def _replay_ext(starts: dict[str, ReplayStart]) -> dict[str, object]:
    positions = {name: start.after for name, start in starts.items()}
    return {"ext": {EXTENSION: positions}} if positions else {}


def _add_routes(
    registry: SessionRegistry, session: Session, routes: set[Route], *, fresh: bool
) -> None:
    if registry.subscriptions.add(session, routes):
        registry.effects.append(FirstSubscription(session.user_id))
    if fresh:
        registry.effects.extend(Subscribed(session.user_id, route, session.id) for route in routes)


def _unsubscribe_error(registry: SessionRegistry, session: Session, names: list[str]) -> str | None:
    unknown = [name for name in names if name not in session.subscriptions]
    if not unknown:
        return None
    exists = isinstance(_apply_policy(registry, session, unknown[0]), Grant)
    return replies.UNSUBSCRIBE_FAILED if exists else replies.CHANNEL_MISSING


def _remove(registry: SessionRegistry, session: Session, names: list[str] | str) -> None:
    before = session.routes
    for name in dict.fromkeys(names):
        del session.subscriptions[name]
    registry.stop_hearing(session, before - session.routes)
