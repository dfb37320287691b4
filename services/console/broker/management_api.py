"""A client of RabbitMQ's management API for users, policies, alarms and bindings."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import Request, urlopen

from services.console.exit_codes import Exit, NotPossibleError
from shared.messaging.topology import Binding

# A person waits at the terminal; the API of a busy broker answers within seconds.
_DEADLINE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class UnacknowledgedCount:
    """The unacknowledged messages of a queue, and how many were ever acknowledged (`settled`)."""

    messages: int
    settled: int


class ManagementApi:
    """The API of one broker for one virtual host. Every call may raise `NotPossibleError`."""

    def __init__(self, url: str, virtual_host: str) -> None:
        where = urlsplit(url)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise NotPossibleError(
                "RABBITMQ_MANAGEMENT_URL is no address such as http://user:password@localhost:15672",
                Exit.MISCONFIGURED,
            )
        credentials = f"{unquote(where.username or 'guest')}:{unquote(where.password or 'guest')}"
        host = where.netloc.rpartition("@")[2]
        self._root = f"{where.scheme}://{host}{where.path.rstrip('/')}/api"
        self._token = base64.b64encode(credentials.encode()).decode()
        self._virtual_host = quote(virtual_host, safe="")

    async def alarms(self) -> list[str]:
        """Return the alarms that stop publishers, such as "memory on NODE"."""
        kinds = {"mem_alarm": "memory", "disk_free_alarm": "disk space"}
        return [
            f"{what} on {node['name']}"
            for node in await self._get("/nodes")
            for field, what in kinds.items()
            if node.get(field)
        ]

    async def bindings(self) -> set[tuple[str, Binding]]:
        """Return every pair of a queue and one of its bindings."""
        return {
            (one["destination"], Binding(one["source"], one["routing_key"]))
            for one in await self._get(f"/bindings/{self._virtual_host}")
            if one["destination_type"] == "queue"
        }

    async def unacknowledged(self) -> dict[str, UnacknowledgedCount]:
        """Return the unacknowledged messages by queue."""
        return {
            one["name"]: UnacknowledgedCount(
                one.get("messages_unacknowledged", 0), one.get("message_stats", {}).get("ack", 0)
            )
            for one in await self._get(f"/queues/{self._virtual_host}")
        }

    async def policies(self) -> dict[str, dict[str, object]]:
        """Return the policies in force, by name, in the shape of `topology.policies()`."""
        return {
            one["name"]: {
                field: one[field] for field in ("pattern", "apply-to", "priority", "definition")
            }
            for one in await self._get(f"/policies/{self._virtual_host}")
        }

    async def put_policy(self, name: str, policy: Mapping[str, object]) -> None:
        """Create a policy, or replace the one of the same name."""
        await self._put(f"/policies/{self._virtual_host}/{quote(name, safe='')}", policy)

    async def users(self) -> dict[str, Mapping[str, Any]]:
        """Return every user of the broker by name, each with tags and hashed password."""
        return {one["name"]: one for one in await self._get("/users")}

    async def permissions(self) -> dict[str, dict[str, str]]:
        """Return the users' permissions in the virtual host, by user name (regular expressions)."""
        return {
            one["user"]: {field: one[field] for field in ("configure", "write", "read")}
            for one in await self._get(f"/vhosts/{self._virtual_host}/permissions")
        }

    async def topic_permissions(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return the users' topic permissions, by user name and exchange."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for one in await self._get(f"/vhosts/{self._virtual_host}/topic-permissions"):
            fields = {field: one[field] for field in ("write", "read")}
            found.setdefault(one["user"], {})[one["exchange"]] = fields
        return found

    async def put_user(self, name: str, user: Mapping[str, str]) -> None:
        """Create a user, or replace the one of the same name."""
        await self._put(f"/users/{quote(name, safe='')}", user)

    async def put_permission(self, user: str, permission: Mapping[str, str]) -> None:
        """Set a user's permissions in the virtual host."""
        await self._put(f"/permissions/{self._virtual_host}/{quote(user, safe='')}", permission)

    async def put_topic_permission(self, user: str, permission: Mapping[str, str]) -> None:
        """Set a user's permissions on one topic exchange."""
        path = f"/topic-permissions/{self._virtual_host}/{quote(user, safe='')}"
        await self._put(path, permission)

    async def _put(self, path: str, body: Mapping[str, object]) -> None:
        await asyncio.to_thread(self._call, "PUT", path, body)

    async def _get(self, path: str) -> Any:
        return json.loads(await asyncio.to_thread(self._call, "GET", path))

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        request = Request(  # noqa: S310 - the scheme was checked
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=_DEADLINE_SECONDS) as answer:  # noqa: S310 - as above
                return bytes(answer.read())
        except HTTPError as error:
            error.close()
            raise _refused(f"answers {error.code} {error.reason} to {method} {path}") from None
        except URLError as error:
            raise _refused(f"does not answer: {error.reason}") from None
        except (OSError, HTTPException) as error:
            raise _refused(f"does not answer: {error}") from None


def _refused(words: str) -> NotPossibleError:
    return NotPossibleError(f"the management API of RabbitMQ {words}", Exit.UNAVAILABLE)
