"""No query hides from the list of them."""

import ast

from tests.connected.queries.sites import sites_in

_STORE = """
class Store:
    def __init__(self, database):
        self._reads = Reads(database["things"])

    async def one(self):
        return await self._collection.with_options(x=1).find_one({"_id": 1})

    async def young(self):
        return await self._find({"age": {"$lt": 3}})

    async def old(self):
        return await self._paged({"age": {"$gt": 3}})

    def all(self):
        return self._find({})

    async def _paged(self, wanted):
        return await self._find(wanted)

    async def _find(self, wanted):
        async for one in self._collection.find(wanted):
            yield self._shown(one)

    def _shown(self, one):
        return one.get("shown")
"""


def test_a_query_and_each_call_that_leads_to_it_are_found() -> None:
    found = {(site.function, site.called) for site in sites_in(ast.parse(_STORE), "store.py")}

    assert found == {
        ("Store.__init__", "Reads"),
        ("Store.one", "self._collection.with_options(x=1).find_one"),
        ("Store.young", "self._find"),
        ("Store.old", "self._paged"),
        ("Store._paged", "self._find"),
        ("Store._find", "self._collection.find"),
    }
