"""Runs something on the whole system and leaves nothing behind, however it ends."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence

from deploy.local.folders import kept_folder
from deploy.local.progress import NotPossibleError, report, require_no_arguments
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.system import System, system

Use = Callable[[Servers, System], Awaitable[None]]
"""What to do with a system that is up; it ends when the use ends."""

_WATCH_EVERY = 1.0
_LONGEST_END = 5.0
_SERVICES_GRACE = 2.0
_SERVERS_GRACE = 2.0
"""RabbitMQ takes six seconds to stop as its makers mean it; killed, it loses nothing either."""

_INTERRUPTED = 130


def operate(use: Use, arguments: Sequence[str] = ()) -> int:
    """Bring the whole system up, do `use` with it, stop services, then servers.

    `arguments` are those of the command line; there must be none.

    Returns the exit code: 0 when `use` ended or a signal asked to stop, 1 when something was not
    possible (said in words), 130 when a second Ctrl-C killed what was still stopping.
    """
    signal.signal(signal.SIGINT, _interrupt)
    try:
        require_no_arguments(arguments)
        with kept_folder("run") as folder, servers(folder, grace=_SERVERS_GRACE) as up:
            asyncio.run(_until_done_or_asked(up, use))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    except KeyboardInterrupt:
        report("interrupted: everything was killed")
        return _INTERRUPTED
    report("stopped: nothing of it runs any more")
    return 0


def kill_after(seconds: float = _LONGEST_END) -> None:
    """Kill everything after so many seconds, whatever is still stopping or starting by then.

    Our child processes are tied to us, so that the kernel kills them with us. The data that they
    have acknowledged is kept.
    """
    timer = threading.Timer(seconds, _kill_everything)
    timer.daemon = True
    timer.start()


def _kill_everything() -> None:
    report("killing what is left")
    os._exit(_INTERRUPTED)


def _interrupt(_number: int, _frame: object) -> None:
    """End while nothing runs yet that would hear of it: the servers are being started."""
    kill_after()
    raise KeyboardInterrupt


async def _until_done_or_asked(up: Servers, use: Use) -> None:
    whole = asyncio.create_task(_on_system(up, use))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop_or_kill, whole)
    await asyncio.wait({whole})
    if not whole.cancelled():
        whole.result()


def _stop_or_kill(whole: asyncio.Task[None]) -> None:
    if whole.cancelling():
        _kill_everything()
    report("stopping; Ctrl-C once more kills")
    kill_after()
    whole.cancel()


async def _on_system(up: Servers, use: Use) -> None:
    with kept_folder("sent") as sent:
        async with system(up.access, sent=sent, grace=_SERVICES_GRACE) as running:
            await _first_of(use(up, running), _servers_gone(up))


async def _first_of(*what: Awaitable[None]) -> None:
    tasks = {asyncio.ensure_future(one) for one in what}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _servers_gone(up: Servers) -> None:
    while all(  # noqa: ASYNC110 - a child of the launcher thread announces its end to nobody
        server.is_running() for server in up.started_here
    ):
        await asyncio.sleep(_WATCH_EVERY)
    gone = [type(server).__name__ for server in up.started_here if not server.is_running()]
    raise NotPossibleError(f"{', '.join(gone)} died; its log is under .local/run/")
