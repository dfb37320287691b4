"""The MongoDB client of a process. It refuses a write concern that could lose mail."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import pymongo.lock
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    CursorNotFound,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from shared.domain.errors import Unavailable

Document: TypeAlias = dict[str, Any]
Database: TypeAlias = AsyncDatabase[Document]
Collection: TypeAlias = AsyncCollection[Document]

MAJORITY: Final = WriteConcern(w="majority", j=True)
DURABLE: Final = ReadConcern("majority")
"""Reads what no crash can take back. An answer that rests on less could promise a lost mail."""
HINT: Final = WriteConcern(w=1)
"""For data that can be derived from the interactions: a lost write only repeats work."""
NEWEST: Final = ReadConcern("local")
"""Reads the newest write, even before a majority has it."""
MANY_AT_ONCE: Final = 10_000
"""The batch size of a query whose whole answer is wanted: by default 101 documents come first, and
each further batch is another round trip."""

_TRANSIENT: Final = (
    AutoReconnect,
    CursorNotFound,
    NetworkTimeout,
    ExecutionTimeout,
    WTimeoutError,
    ConfigurationError,  # DNS failures of mongodb+srv, which is resolved at the first use
)

# Error codes of MongoDB.
_AUTHENTICATION_FAILED: Final = 18
UNAUTHORIZED: Final = 13
_NOT_ALLOWED: Final = re.compile(r"not authorized on (\S+) to execute command \{ (\w+)")

_ROUTER: Final = "isdbgrid"
"""The `msg` of mongos in its hello; the servers behind it are replica sets."""

T = TypeVar("T")


async def _wait_for(awaitable: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - its name there
    async with asyncio.timeout(timeout):
        return await awaitable


if sys.version_info < (3, 12):
    # `asyncio.wait_for` of Python 3.11 runs its argument in a task of its own. If the caller is
    # canceled while that task takes the driver's lock, the lock is never released.
    pymongo.lock.wait_for = _wait_for  # type: ignore[attr-defined, assignment]


class DatabaseUnavailableError(Unavailable):
    """The database does not answer, or cannot confirm that a write is durable."""


class DatabaseRefusesError(DatabaseUnavailableError):
    """The database refuses this user's login, or an action, until an operator changes something.

    The text says what to change. A running service keeps trying; a starting one exits.
    """


class WrongAddressError(Exception):
    """MONGODB_URL is malformed or has a forbidden option; the text says which."""


class WeakWriteConcernError(WrongAddressError):
    """MONGODB_URL has a write concern with which acknowledged mail can be lost."""


class UnstorableError(Exception):
    """The database refuses a document because of its content; trying again is useless."""


@asynccontextmanager
async def open_database(url: str, *, name: str) -> AsyncIterator[Database]:
    """Connect for as long as the context lasts. The URL names the database.

    Reads see what a majority has, whatever read concern the URL asks for.

    Raises:
        WeakWriteConcernError: The URL asks for less than a majority of journaled writes.
        WrongAddressError: The URL is malformed.
    """
    try:
        client: AsyncMongoClient[Document] = AsyncMongoClient(
            url, appname=f"mailroom {name}", tz_aware=True, maxPoolSize=50, timeoutMS=10_000
        )
    except (ConfigurationError, ValueError) as error:
        raise WrongAddressError(
            f"MONGODB_URL is wrong: {error}. It looks like "
            "mongodb://user:password@host:27017/mailroom?replicaSet=name"
        ) from None
    try:
        database = client.get_default_database("mailroom")
        _require_majority(database)
        # A secondary may lag behind: what was just written would seem to be lost.
        yield database.with_options(
            write_concern=MAJORITY, read_concern=DURABLE, read_preference=ReadPreference.PRIMARY
        )
    finally:
        await client.close()


def _require_majority(database: Database) -> None:
    concern = database.write_concern.document
    if concern.get("w", "majority") != "majority" or concern.get("j") is False:
        raise WeakWriteConcernError(
            f"MONGODB_URL asks for the write concern {concern}, with which a crash loses mail "
            "that was acknowledged. Remove w and journal from it, or set w=majority&journal=true."
        )


async def require_replica_set(database: Database) -> None:
    """Check that the server is a member of a replica set.

    Raises:
        DatabaseUnavailableError: It is none, or none yet, so its writes are not durable.
    """
    async with database_errors():
        hello = await database.command("hello")
    if not hello.get("setName") and hello.get("msg") != _ROUTER:
        raise DatabaseUnavailableError(
            "MongoDB is no replica set: start mongod with --replSet and initiate the set"
        )


def is_transient(error: PyMongoError) -> bool:
    """Say whether the same call may succeed later."""
    return (
        isinstance(error, _TRANSIENT)
        or error.timeout
        or error.has_error_label("RetryableWriteError")
        or error.has_error_label("TransientTransactionError")
    )


@asynccontextmanager
async def database_errors() -> AsyncIterator[None]:
    """Turn temporary errors and missing rights into `Unavailable`; let other errors through."""
    try:
        yield
    except PyMongoError as error:
        if is_transient(error):
            raise DatabaseUnavailableError(f"{type(error).__name__}: {in_words(error)}") from error
        if isinstance(error, OperationFailure) and (refusal := _refusal(error)):
            raise DatabaseRefusesError(refusal) from error
        raise


def in_words(error: PyMongoError) -> str:
    """Return the driver's message without its timeouts and its list of servers."""
    words = str(error).partition(" (configured timeouts")[0].partition(", Timeout: ")[0]
    words = words.partition(", full error: ")[0]
    is_lost = isinstance(error, ServerSelectionTimeoutError | ConfigurationError)
    return f"{words}, see MONGODB_URL" if is_lost else words


def _refusal(error: OperationFailure) -> str:
    """Return what to do about a failed login or a missing right; empty for other errors."""
    if error.code == _AUTHENTICATION_FAILED:
        return (
            "the database does not let this user in: see user, password and authSource in "
            "MONGODB_URL"
        )
    if error.code == UNAUTHORIZED:
        # The full text repeats the command, and with it the content to be stored.
        found = _NOT_ALLOWED.search(str(error))
        what = f"may not {found[2]} in {found[1]}" if found else "lacks a right"
        return (
            f"the user of MONGODB_URL {what}: run `mailroom apply FILE` with MONGODB_ADMIN_URL, "
            "which gives each service its rights, or give this service its own user"
        )
    return ""
