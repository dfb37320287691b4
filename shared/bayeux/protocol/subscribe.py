"""/meta/subscribe and /meta/unsubscribe. An array of channels succeeds or fails as a whole."""

from shared.bayeux.messages import replies
from shared.bayeux.messages.channels import is_meta, is_service, is_valid
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.protocol.exchange import Exchange
from shared.bayeux.sessions.effects import FirstSubscription, Subscribed
from shared.bayeux.sessions.extension import Extensions, SubscribeRequest
from shared.bayeux.sessions.session import Session
from shared.bayeux.sessions.session_registry import SessionRegistry
from shared.bayeux.sessions.subscription_policy import Denial, Grant, Route


def subscribe(
    registry: SessionRegistry,
    extensions: Extensions,
    session: Session,
    message: Message,
    exchange: Exchange,
) -> None:
    """Add all named subscriptions, or none and reply with the reason."""
    names = _names(registry, message)
    granted = names if isinstance(names, str) else _grant_all(registry, session, names)
    if isinstance(granted, str):
        _refuse(registry, message, granted, exchange)
        return
    request = SubscribeRequest(session, message, granted, exchange.span)
    extended = extensions.on_subscribe(request)
    if isinstance(extended, str):
        _refuse(registry, message, extended, exchange)
        return
    ext, from_past = extended
    session.subscriptions.update(granted)
    for name, routes in granted.items():
        _add_routes(registry, session, set(routes), is_from_past=name in from_past)
    exchange.replies.append(subscription_reply(message) | ext)


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
    return registry.policy(session.user_id, name, session.login.roles)


def _refuse(registry: SessionRegistry, message: Message, error: str, exchange: Exchange) -> None:
    registry.counters.denied += 1
    exchange.replies.append(subscription_reply(message, error))


def _add_routes(
    registry: SessionRegistry, session: Session, routes: set[Route], *, is_from_past: bool
) -> None:
    if registry.subscriptions.add(session.user_id, session, routes):
        registry.effects.append(FirstSubscription(session.user_id))
    if not is_from_past:
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
    registry.remove_routes(session, before - session.routes)
