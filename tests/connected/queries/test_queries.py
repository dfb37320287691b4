"""No query of the product looks at more than it returns, however much there is."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pymongo import MongoClient

from shared.storage.database.client import open_database
from tests.connected.queries.cases import CASES
from tests.connected.queries.exceptions import EXCEPTIONS, Allowance, exception_for
from tests.connected.queries.large import fill_database
from tests.connected.queries.recording import AnsweredQuery, QueryRecording, recording
from tests.connected.queries.sites import CallSite, sites

pytestmark = [pytest.mark.connected, pytest.mark.timeout(0)]


@pytest_asyncio.fixture(scope="module")
async def recorded(mongodb_url: str) -> AsyncIterator[QueryRecording]:
    """The database's work for every query in `CASES`."""
    name = f"test_{secrets.token_hex(6)}"
    url = urlsplit(mongodb_url)._replace(path=f"/{name}").geturl()
    async with open_database(url, name="test") as database:
        large = await fill_database(database)
        with pytest.MonkeyPatch.context() as patches:
            async with recording(database, patches) as found:
                for case in CASES:
                    await case(large)
        yield found
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.mark.parametrize("site", sites(), ids=str)
def test_a_query_examines_no_more_than_it_returns(recorded: QueryRecording, site: CallSite) -> None:
    answers = recorded.of(site)

    assert answers, f"{site} was not tried: add a case to tests/connected/queries/cases.py"
    for answer in answers:
        allowance = exception_for(answer)
        assert answer.by_index or (allowance and allowance.scans), answer
        assert answer.examined <= max(_usual(answer), allowance.most if allowance else 0), answer


@pytest.mark.parametrize("allowance", EXCEPTIONS, ids=lambda one: one.function)
def test_an_exception_is_needed(recorded: QueryRecording, allowance: Allowance) -> None:
    beyond = [
        answer
        for answer in recorded.all()
        if answer.examined > _usual(answer) or not answer.by_index
    ]

    assert any(exception_for(answer) is allowance for answer in beyond)


def _usual(answer: AnsweredQuery) -> int:
    return 2 * answer.returned + 10
