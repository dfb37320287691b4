"""Connects to the broker, and explains why a connection fails."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from aio_pika import RobustConnection
from aio_pika.abc import AbstractRobustConnection
from aiormq.exceptions import AMQPError, InvalidFrameError, ProbableAuthenticationError
from yarl import URL

log = structlog.get_logger()

CONNECTION_FAULTS: Final = (AMQPError, OSError, RuntimeError)
"""The libraries raise these if the broker is away or refuses a connection, or time runs out."""

HANDSHAKE_SECONDS: Final = 10.0
"""How long one attempt to connect may take: a broker under load answers within seconds."""

PAUSE_SECONDS: Final = 1.0
"""The pause between two attempts: hundreds of processes may wait for one broker that starts."""

# Often enough to be found in a log, seldom enough not to fill it.
_LOGGED_AGAIN_SECONDS: Final = 30.0
_REPRESENTATION: Final = re.compile(r"<[A-Za-z.]+ object|\w+\(.*=")
"""The `repr` of an object, which is no text for people."""


def virtual_host_of(rabbitmq_url: str) -> str:
    """Return the virtual host that an AMQP address names; `/` where it names none."""
    return unquote(urlsplit(rabbitmq_url).path[1:]) or "/"


def why_unreachable(error: BaseException, url: str) -> str:
    """Return why connecting failed, without the password, and which setting to check."""
    where = urlsplit(url)
    if isinstance(error, InvalidFrameError):
        # The library drops the reason that the broker gave when it closed the connection.
        return (
            f"it has no virtual host {virtual_host_of(url)}, or does not let this user in there: "
            "see the end of RABBITMQ_URL"
        )
    if isinstance(error, ProbableAuthenticationError):
        return (
            f"it refuses user {unquote(where.username or 'guest')}: see user and password in "
            "RABBITMQ_URL"
        )
    if isinstance(error, TimeoutError):
        return f"no answer from {where.hostname} in time"
    return f"{in_words(error)} ({where.hostname}:{where.port or 5672}, see RABBITMQ_URL)"


def in_words(error: BaseException) -> str:
    """Return the library's own text, unless it holds an address, which contains a password."""
    texts = [one for one in error.args if isinstance(one, str) and "://" not in one]
    plain = texts and not _REPRESENTATION.search(texts[-1])
    return texts[-1] if plain else f"{type(error).__name__}, see the broker's log"


class RepeatedWarning:
    """A warning that is logged when its reason changes, and otherwise every 30 seconds."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._reason = ""
        self._said_at = 0.0

    def log(self, reason: str, **fields: object) -> None:
        """Log the reason, unless the same one was logged less than 30 seconds ago."""
        now = time.monotonic()
        if reason != self._reason or now - self._said_at >= _LOGGED_AGAIN_SECONDS:
            log.warning(self._event, reason=reason, **fields)
            self._reason, self._said_at = reason, now


@asynccontextmanager
async def connected(url: str, *, name: str) -> AsyncIterator[AbstractRobustConnection]:
    """Yield a connection once the broker accepts one; it reconnects by itself inside the context.

    `name` is shown in the broker's list of connections. Until then the reason is logged when it
    changes, and every 30 seconds.
    """
    warning = RepeatedWarning("broker cannot be reached yet")
    while True:
        # With `fail_fast` the library makes one attempt and raises; further ones would hide why.
        connection = RobustConnection(
            URL(url),
            client_properties={"connection_name": name},
            fail_fast=True,
            reconnect_interval=1,
        )
        try:
            await connection.connect(timeout=HANDSHAKE_SECONDS)
            break
        except CONNECTION_FAULTS as error:
            warning.log(why_unreachable(error, url))
            await connection.close()
        except BaseException:
            # A canceled connect would otherwise go on in the background for ever.
            await connection.close()
            raise
        await asyncio.sleep(PAUSE_SECONDS)
    async with connection:
        yield connection
