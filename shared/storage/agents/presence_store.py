"""The CometD connections of agents: recorded by gateways, judged by routing."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from shared.domain.clock import Clock
from shared.storage.agents import agent_store
from shared.storage.database.client import HINT, NEWEST, Database, Document, database_errors

COLLECTION: Final = "presence"
_GATEWAYS: Final = "gateways"
# Three of the notes that gateways make every 15 seconds are missing.
_GAP: Final = timedelta(seconds=45)
_UNSEEN: Final = timedelta(seconds=20)
"""Gateways note every 15 seconds who is connected."""


class PresenceStore:
    """When each agent was last connected, and since when gateways record it without a gap."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._agents = database[agent_store.COLLECTION]
        self._gateways = database[COLLECTION]
        self._clock = clock

    async def record_connected(self, connected: Collection[str]) -> None:
        """Record the connected agents, and that a gateway has looked."""
        now = self._clock.now()
        # A time without any gateway must not count as absence of the agents.
        since = {"$cond": [{"$gte": ["$at", now - _GAP]}, "$since", now]}
        async with database_errors():
            await self._gateways.update_one(
                {"_id": _GATEWAYS}, [{"$set": {"since": since, "at": now}}], upsert=True
            )
            if connected:
                await self._agents.update_many(
                    {"_id": {"$in": list(connected)}}, {"$set": {"connected_at": now}}
                )

    async def excuse(self, agent_id: str) -> None:
        """Record that an agent's answer could not be accepted, for a fault on the server's side."""
        # A lost record counts one miss too many; the agent's request must not wait for it.
        hints = self._agents.with_options(write_concern=HINT)
        async with database_errors():
            await hints.update_one({"_id": agent_id}, {"$set": {"unheard_at": self._clock.now()}})

    async def excused(self, since: Mapping[str, datetime]) -> set[str]:
        """Return which agents could not receive an offer, or not answer it, each since a moment.

        These are agents without a connection for 20 seconds, as gateways record connections every
        15 seconds, and agents whose answer could not be accepted. Agents who never had a CometD
        connection count as connected.
        """
        if not since:
            return set()
        seen_until = self._clock.now() - _UNSEEN
        unseen = {"connected_at": {"$lt": seen_until}}
        unheard = {"unheard_at": {"$gte": min(since.values())}}
        wanted = {"_id": {"$in": list(since)}, "$or": [unseen, unheard]}
        newest = self._agents.with_options(read_concern=NEWEST)
        async with database_errors():
            found = await newest.find(wanted, {"connected_at": 1, "unheard_at": 1}).to_list()
        return {
            one["_id"]
            for one in found
            if ("connected_at" in one and one["connected_at"] < seen_until)
            or ("unheard_at" in one and one["unheard_at"] >= since[one["_id"]])
        }

    async def disconnected(self, patience: timedelta, *, ready: bool) -> list[str]:
        """Return the agents whose connection has been lost for longer than `patience`.

        With `ready` these are only agents who are Ready, otherwise all who are logged in. Empty
        while no gateway has looked for that long.
        """
        now = self._clock.now()
        if not await self._has_looked_for(patience, now):
            return []
        return await self._ids(
            {
                "ready" if ready else "logged_in": True,
                "connected_at": {"$lte": now - patience},
                "state_since": {"$lte": now - patience},
            }
        )

    async def logged_out(self, agent_ids: Collection[str], patience: timedelta) -> list[str]:
        """Return which of the agents logged out, or were disabled, before `patience` ago."""
        if not agent_ids:
            return []
        return await self._ids(
            {
                "_id": {"$in": list(agent_ids)},
                "$or": [{"logged_in": False}, {"enabled": False}],
                "state_since": {"$lte": self._clock.now() - patience},
            }
        )

    async def _has_looked_for(self, patience: timedelta, now: datetime) -> bool:
        async with database_errors():
            seen = await self._gateways.find_one({"_id": _GATEWAYS})
        return seen is not None and seen["at"] >= now - _GAP and seen["since"] <= now - patience

    async def _ids(self, wanted: Document) -> list[str]:
        async with database_errors():
            found = await self._agents.find(wanted, {"_id": 1}).to_list()
        return [document["_id"] for document in found]
