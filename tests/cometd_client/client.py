"""An agent's desktop, as far as CometD goes: the official client in a Node process."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self

from deploy.local.folders import process_lock

Line = Mapping[str, Any]
Condition = Callable[[Any], bool]

HERE: Final = Path(__file__).parent
_PATIENCE: Final = 60.0
_installing: Final = asyncio.Lock()


class UnavailableError(RuntimeError):
    """Node or npm is not there, or the client could not be installed."""


async def install(folder: Path = HERE, package: str = "cometd") -> None:
    """Install a folder's packages from their lock file, unless that has been done.

    Raises:
        UnavailableError: with what is missing.
    """
    async with _installing, _npm_lock():
        if not (folder / "node_modules" / package).exists():
            await _install(folder)


@asynccontextmanager
async def _npm_lock() -> AsyncIterator[None]:
    """Hold the lock of npm among the processes of a test run; the event loop goes on meanwhile."""
    mine = process_lock("npm")
    await asyncio.to_thread(mine.__enter__)
    try:
        yield
    finally:
        mine.__exit__(None, None, None)


async def _install(folder: Path) -> None:
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise UnavailableError("Node 18 or newer and npm are needed: apt-get install nodejs npm")
    npm = await asyncio.create_subprocess_exec(
        "npm", "ci", "--no-audit", "--no-fund", cwd=folder, stdout=asyncio.subprocess.DEVNULL
    )
    if await npm.wait() != 0:
        raise UnavailableError("npm ci failed")


class CometdAgent:
    """Connects on entry, disconnects on exit; keeps all that it heard, in order.

    With `replay` every subscription begins after that position, later ones after the last heard.
    With `slow` its clock is so many milliseconds behind, and it finds out the server's.

    `await agent.event(...)` returns messages with `channel` and `data`, each once.
    """

    folder: ClassVar[Path] = HERE
    package: ClassVar[str] = "cometd"
    command: ClassVar[Sequence[str]] = ("node", "agent.mjs")

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        transport: Literal["long-polling", "websocket"] = "long-polling",
        acknowledge: bool = False,
        replay: int | None = None,
        slow: int | None = None,
    ) -> None:
        self._login = {
            "command": "connect",
            "url": url,
            "user": user,
            "password": password,
            "transport": transport,
            "acknowledge": acknowledge,
            "replay": replay,
            "slow": slow,
        }
        self._lines: list[Line] = []
        self._news = asyncio.Condition()
        self._has_left = self._has_ended = False

    async def __aenter__(self) -> Self:
        await self.start()
        try:
            await self.meta("connect", lambda reply: reply["successful"])
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            # One that has said goodbye may still be about to end, and would not hear it again.
            if kind is None and not (self._has_left or self._has_ended):
                await self.disconnect()
        finally:
            await self.kill()

    async def start(self) -> None:
        """Start the client and have it log in, without waiting for what comes of it."""
        if self.package:
            await install(self.folder, self.package)
        self._node = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=self.folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if "COMETD_CLIENT_LOG" in os.environ else asyncio.subprocess.DEVNULL,
            limit=2**24,
        )
        self._listening = asyncio.create_task(self._listen())
        await self._order(self._login)

    async def kill(self) -> None:
        """Cut the client off, as a crash of the browser would."""
        if self._node.returncode is None:
            self._node.kill()
        await self._node.wait()
        await self._listening

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the client neither read nor write while the block runs."""
        self._node.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._node.send_signal(signal.SIGCONT)

    async def subscribe(self, channel: str) -> Line:
        """Subscribe and return the server's reply; the client renews it after a handshake."""
        await self._order({"command": "subscribe", "channel": channel})
        return await self._reply("subscribed", channel)

    async def unsubscribe(self, channel: str) -> Line:
        """Unsubscribe and return the server's reply."""
        await self._order({"command": "unsubscribe", "channel": channel})
        return await self._reply("unsubscribed", channel)

    async def publish(self, channel: str, content: object) -> Line:
        """Publish, which the server should refuse, and return its reply."""
        await self._order({"command": "publish", "channel": channel, "content": content})
        return await self._reply("published", channel)

    async def server_clock(self) -> Line:
        """Return by how much the server's clock is ahead and how long the way there takes."""
        await self._order({"command": "time"})
        return await self._wait_for(lambda line: line.get("clock") == "server", _PATIENCE)

    async def disconnect(self) -> None:
        """Say goodbye; the process ends by itself."""
        await self._order({"command": "disconnect"})
        await self._wait_for(lambda line: "disconnected" in line, _PATIENCE)
        self._has_left = True

    async def event(
        self,
        condition: Condition = lambda _: True,
        *,
        timeout: float = _PATIENCE,  # noqa: ASYNC109 - reads best in a test
    ) -> Any:
        """Return the oldest event not yet returned that fulfils the condition."""
        line = await self._wait_for(
            lambda line: "event" in line and condition(line["event"]), timeout
        )
        return line["event"]

    async def meta(
        self,
        name: str,
        condition: Condition = lambda _: True,
        *,
        timeout: float = _PATIENCE,  # noqa: ASYNC109 - reads best in a test
    ) -> Any:
        """Return the oldest reply on `/meta/<name>` not yet returned, failures included."""
        line = await self._wait_for(
            lambda line: line.get("meta") == name and condition(line["message"]), timeout
        )
        return line["message"]

    async def _reply(self, kind: str, channel: str) -> Line:
        line = await self._wait_for(lambda line: line.get(kind) == channel, _PATIENCE)
        reply: Line = line["reply"]
        return reply

    async def _order(self, order: Line) -> None:
        assert self._node.stdin is not None
        self._node.stdin.write(f"{json.dumps(order)}\n".encode())
        await self._node.stdin.drain()

    async def _listen(self) -> None:
        assert self._node.stdout is not None
        async for line in self._node.stdout:
            async with self._news:
                self._lines.append(json.loads(line))
                self._news.notify_all()
        async with self._news:
            self._has_ended = True
            self._news.notify_all()

    async def _wait_for(self, condition: Condition, patience: float) -> Line:
        async with asyncio.timeout(patience), self._news:
            await self._news.wait_for(lambda: self._has_ended or self._find(condition) is not None)
            found = self._find(condition)
            if found is None:
                raise ConnectionError("the client ended")
            self._lines.remove(found)
            return found

    def _find(self, condition: Condition) -> Line | None:
        return next((line for line in self._lines if condition(line)), None)
