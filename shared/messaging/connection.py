"""The way to the broker: a connection as soon as it lets us in, and in words why it does not."""

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
"""How the libraries say that the broker is away, or lets nobody in; timeouts are among them."""

_DEADLINE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 1.0
_SAID_AGAIN_SECONDS: Final = 30.0
_REPRESENTATION: Final = re.compile(r"<[A-Za-z.]+ object|\w+\(.*=")
"""What Python says of an object: no words for people."""


def virtual_host_of(rabbitmq_url: str) -> str:
    """Return the virtual host that an AMQP address names; `/` where it names none."""
    return unquote(urlsplit(rabbitmq_url).path[1:]) or "/"


def why_unreachable(error: BaseException, url: str) -> str:
    """Say in words, without the password, why no connection came about, and what to look at."""
    where = urlsplit(url)
    if isinstance(error, InvalidFrameError):
        # The library forgets what the broker said when it closed the connection it was to open.
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
    """Return what the library says for people, without an address, which holds a password."""
    texts = [one for one in error.args if isinstance(one, str) and "://" not in one]
    plain = texts and not _REPRESENTATION.search(texts[-1])
    return texts[-1] if plain else f"{type(error).__name__}, see the broker's log"


class RepeatedWarning:
    """A warning that is logged when its reason is a new one, and else only now and then."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._reason = ""
        self._said_at = 0.0

    def log(self, reason: str, **fields: object) -> None:
        """Log the reason, unless it was logged a moment ago."""
        now = time.monotonic()
        if reason != self._reason or now - self._said_at >= _SAID_AGAIN_SECONDS:
            log.warning(self._event, reason=reason, **fields)
            self._reason, self._said_at = reason, now


@asynccontextmanager
async def connected(url: str, *, name: str) -> AsyncIterator[AbstractRobustConnection]:
    """Give a connection as soon as the broker lets us in; it is made again for as long as it lasts.

    `name` is shown by the broker. The log says why it takes long, and says it again now and then.
    """
    warning = RepeatedWarning("broker cannot be reached yet")
    while True:
        # The address alone goes by `fail_fast`: a second attempt inside would say nothing to us.
        connection = RobustConnection(
            URL(url),
            client_properties={"connection_name": name},
            fail_fast=True,
            reconnect_interval=1,
        )
        try:
            await connection.connect(timeout=_DEADLINE_SECONDS)
            break
        except CONNECTION_FAULTS as error:
            warning.log(why_unreachable(error, url))
            await connection.close()
        except BaseException:
            # What is canceled here would go on connecting for ever by itself.
            await connection.close()
            raise
        await asyncio.sleep(_PAUSE_SECONDS)
    async with connection:
        yield connection
