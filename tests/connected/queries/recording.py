"""Which query of the product went which way: by a comment on each, and the server's profiler."""

import functools
import inspect
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.read_concern import ReadConcern

from shared.storage.database.batching import BatchReader
from shared.storage.database.client import Database
from tests.connected.queries.sites import METHODS, PRODUCT, ROOT, CallSite

_GOOD: Final = frozenset({"IXSCAN", "IDHACK", "COUNT_SCAN", "DISTINCT_SCAN"})
_EXPRESS: Final = "EXPRESS"
_STAGE: Final = re.compile(r"(?:^|, )([A-Z_]+)(?![^,{]*:)")
_RETURNED: Final = ("nreturned", "nMatched", "ndeleted")
_PROFILE_SIZE: Final = 64 * 1024 * 1024
_FOLDERS: Final = tuple(str(ROOT / folder) for folder in PRODUCT)
_MADE_AT: Final = "_made_at"

Place = tuple[str, int]
"""A file of the product, and a line of it that is being run."""


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """How the database answered one query: its plan, what that came to, and who asked."""

    plan: str
    examined: int
    returned: int
    through: tuple[Place, ...] = field(repr=False)

    @property
    def by_index(self) -> bool:
        """Whether nothing but indexes led to what was found."""
        stages = _STAGE.findall(self.plan)
        return all(stage in _GOOD or stage.startswith(_EXPRESS) for stage in stages)


@dataclass
class QueryRecording:
    """The queries that were made, each with all calls of the product that led to it."""

    chains: list[list[Place]] = field(default_factory=list)
    results: dict[int, int] = field(default_factory=dict)
    answers: dict[int, list[AnsweredQuery]] = field(default_factory=dict)

    def of(self, site: CallSite) -> list[AnsweredQuery]:
        """Return the answers to the queries that a call made, or led to."""
        return [
            answer
            for number, chain in enumerate(self.chains)
            if any(site.covers(*place) for place in chain)
            for answer in self.answers.get(number, ())
        ]

    def all(self) -> list[AnsweredQuery]:
        """Return the answers to all queries."""
        return [answer for answers in self.answers.values() for answer in answers]

    def note(self, chain: list[Place]) -> int:
        """Note a query; return its number."""
        self.chains.append(chain)
        return len(self.chains) - 1


@asynccontextmanager
async def recording(
    database: Database, patches: pytest.MonkeyPatch
) -> AsyncIterator[QueryRecording]:
    """Record every query of the product on a database, for as long as the context lasts."""
    recorded = QueryRecording()
    for method in METHODS:
        patches.setattr(AsyncCollection, method, _noting(method, recorded))
    patches.setattr(BatchReader, "__init__", _remembering_where(BatchReader.__init__))
    await database.create_collection("system.profile", capped=True, size=_PROFILE_SIZE)
    await database.command({"profile": 2})
    try:
        yield recorded
    finally:
        await database.command({"profile": 0})
        patches.undo()
    profile = database["system.profile"].with_options(read_concern=ReadConcern("local"))
    async for entry in profile.find({"command.comment.query": {"$exists": True}}):
        number = entry["command"]["comment"]["query"]
        if "planSummary" in entry:
            answer = _answered(
                entry, recorded.results.get(number, 0), tuple(recorded.chains[number])
            )
            recorded.answers.setdefault(number, []).append(answer)


def _noting(method: str, recorded: QueryRecording) -> Callable[..., Any]:
    original = getattr(AsyncCollection, method)

    @functools.wraps(original)
    def ask(*args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1)
        if not caller.f_code.co_filename.startswith(_FOLDERS):
            return original(*args, **kwargs)
        number = recorded.note(list(_places(caller)))
        asked = original(*args, **kwargs, comment={"query": number})
        return _counting(asked, recorded, number) if inspect.iscoroutine(asked) else asked

    return ask


async def _counting(asked: Any, recorded: QueryRecording, number: int) -> Any:
    """Note how much a number or a list of values stands for: the profiler does not say."""
    result = await asked
    if isinstance(result, int):
        recorded.results[number] = result
    elif isinstance(result, list):
        recorded.results[number] = len(result)
    return result


def _places(frame: FrameType | None) -> Iterator[Place]:
    """Give the lines that are being run, from the inside out, as far as they are the product's."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_FOLDERS):
            yield Path(path).relative_to(ROOT).as_posix(), frame.f_lineno
            yield from getattr(frame.f_locals.get("self"), _MADE_AT, ())
        frame = frame.f_back


def _remembering_where(make: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(make)
    def remember(self: BatchReader, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        setattr(self, _MADE_AT, list(_places(sys._getframe(1)))[:1])

    return remember


def _answered(entry: dict[str, Any], counted: int, through: tuple[Place, ...]) -> AnsweredQuery:
    returned = max(entry.get(name) or 0 for name in _RETURNED)
    return AnsweredQuery(
        entry["planSummary"], entry.get("docsExamined", 0), max(returned, counted), through
    )
