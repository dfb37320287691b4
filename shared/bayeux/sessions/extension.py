"""The hooks by which extensions of Bayeux take part in the protocol."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.bayeux.journal import Span
from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import Message, Reply
from shared.bayeux.sessions.session import PendingConnect, Session
from shared.bayeux.sessions.subscription_policy import Route


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """A request to subscribe that the policy has granted.

    Attributes:
        granted: The routes of each named channel or pattern.
        span: The range that the user's journal keeps, if it was read.
    """

    session: Session
    message: Message
    granted: Mapping[str, tuple[Route, ...]]
    span: Span | None


@dataclass(frozen=True, slots=True)
class SubscribeResult:
    """The contribution of an extension to a subscription.

    Attributes:
        value: The value of `ext` in the reply; None for no value.
        from_past: The names that begin with past events, and so need no present state.
    """

    value: object = None
    from_past: Collection[str] = ()


class Extension:
    """An extension. Its own hooks replace the ones here, which do nothing."""

    name: ClassVar[str]
    """Its key in `ext`."""

    def handshake_value(self, session: Session, message: Message) -> object:
        """Return the value of `ext` in the reply to a handshake; None for no value."""

    def on_connect(self, session: Session, message: Message) -> None:
        """Take note of a connect before it is answered or held."""

    def connect_value(self, session: Session, pending: PendingConnect) -> object:
        """Return the value of `ext` in the reply to a connect; None for no value."""

    def needs_span(self, message: Message) -> bool:
        """Tell whether a subscription needs the range that the user's journal keeps."""
        del message
        return False

    def on_subscribe(self, request: SubscribeRequest) -> SubscribeResult | str:
        """Return what is added to a subscription, or an error that refuses it unchanged."""
        del request
        return SubscribeResult()

    def message_fields(self) -> Reply:
        """Return fields for a message that is made now, a reply or an event."""
        return {}


class Extensions:
    """The extensions that a server offers, in the order of their values in `ext`."""

    def __init__(self, offered: Iterable[Extension] = ()) -> None:
        # Hooks that do nothing are left out, because these lists are read at every poll.
        self._offered = tuple(offered)
        self._on_connect = [one.on_connect for one in self._with(Extension.on_connect)]
        self._connect_values = [
            (one.name, one.connect_value) for one in self._with(Extension.connect_value)
        ]
        self._message_fields = [one.message_fields for one in self._with(Extension.message_fields)]

    def add_handshake_values(self, reply: Reply, session: Session, message: Message) -> None:
        """Add the field `ext` to the reply to a handshake, if any extension has a value."""
        values = {one.name: one.handshake_value(session, message) for one in self._offered}
        if ext := _present(values):
            reply["ext"] = ext

    def on_connect(self, session: Session, message: Message) -> None:
        """Call this hook of all extensions."""
        for hook in self._on_connect:
            hook(session, message)

    def add_connect_values(self, reply: Reply, session: Session, pending: PendingConnect) -> None:
        """Add the field `ext` to the reply to a connect, if any extension has a value."""
        for name, value_of in self._connect_values:
            value = value_of(session, pending)
            if value is not None:
                reply.setdefault("ext", {})[name] = value

    def need_span(self, message: Message) -> bool:
        """Tell whether an extension needs the range that the user's journal keeps."""
        return any(one.needs_span(message) for one in self._offered)

    def on_subscribe(self, request: SubscribeRequest) -> tuple[Reply, Collection[str]] | str:
        """Return the field `ext` of the reply, if any, and all `from_past`; or an error."""
        values: Reply = {}
        from_past: set[str] = set()
        for one in self._offered:
            result = one.on_subscribe(request)
            if isinstance(result, str):
                return result
            values[one.name] = result.value
            from_past.update(result.from_past)
        ext = _present(values)
        return {"ext": ext} if ext else {}, from_past

    def add_fields(self, reply: Reply) -> Reply:
        """Add the fields of extensions to a reply; changes and returns it."""
        for fields in self._message_fields:
            reply.update(fields())
        return reply

    def event(self, payload: object, now: float) -> Event:
        """Return an event with the fields of extensions; `now` is monotonic, in seconds."""
        return Event(payload, self.add_fields({}) if self._message_fields else None, now)

    def _with(self, hook: Callable[..., Any]) -> tuple[Extension, ...]:
        return tuple(one for one in self._offered if getattr(type(one), hook.__name__) is not hook)


def _present(values: Mapping[str, object]) -> Reply:
    return {name: value for name, value in values.items() if value is not None}
