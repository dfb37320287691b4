"""The extensions that a server offers by its settings."""

from collections.abc import Iterator

from shared.bayeux.ext.ack import Ack
from shared.bayeux.ext.replay import Replay
from shared.bayeux.ext.timestamp import Timestamp
from shared.bayeux.ext.timesync import TimeSync
from shared.bayeux.sessions.extension import Extension
from shared.bayeux.sessions.session_registry import SessionRegistry


def offered_extensions(registry: SessionRegistry) -> Iterator[Extension]:
    """Yield the extensions that the settings of a registry turn on."""
    if registry.settings.acknowledgements:
        yield Ack(registry.counters)
    if registry.settings.replay:
        yield Replay(registry)
    yield TimeSync(registry.wall)
    if registry.settings.timestamps:
        yield Timestamp(registry.wall)
