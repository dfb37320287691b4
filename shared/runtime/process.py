"""The process of a service: started by `run`, ended by SIGTERM or SIGINT."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, TypeVar

import structlog
import uvloop
from pydantic import ValidationError

from shared.observability.logs import configure_logging
from shared.observability.probes import Health, serving_probes
from shared.runtime.open_files import raise_limit
from shared.runtime.resources import Resources, open_resources
from shared.runtime.settings import ServiceSettings, WrongSettingError, problems, unknown_variables
from shared.storage.database.client import DatabaseRefusesError, WrongAddressError

log = structlog.get_logger()

_MISCONFIGURED: Final = 78
"""EX_CONFIG of sysexits.h: a restart would not help."""

S = TypeVar("S", bound=ServiceSettings)
Start = Callable[[S, Resources], AbstractAsyncContextManager[None]]


def run(name: str, settings_class: type[S], start: Start[S]) -> None:
    """Run a service until SIGTERM or SIGINT.

    The process exits with 78 if a setting is wrong or names what cannot be used, or if the database
    refuses this user at the start.
    """
    try:
        settings = settings_class()
    except ValidationError as error:
        configure_logging(name, style="text" if os.environ.get("LOG_STYLE") == "text" else "json")
        for line in problems(settings_class, error):
            log.critical("wrong setting", problem=line)
        sys.exit(_MISCONFIGURED)
    configure_logging(name, style=settings.log_style)
    for variable, meant in unknown_variables(settings_class, os.environ):
        log.warning("no such setting", variable=variable, perhaps=meant)
    raise_limit()
    try:
        uvloop.run(_serve(name, settings, start))
    except (DatabaseRefusesError, WrongAddressError, WrongSettingError) as error:
        log.critical("wrong setting", problem=str(error))
        sys.exit(_MISCONFIGURED)


async def _serve(name: str, settings: S, start: Start[S]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    health, started = Health(), asyncio.Event()
    health.ready["started"] = started.is_set
    async with (
        serving_probes(health, host=settings.probe_host, port=settings.probe_port),
        AsyncExitStack() as stack,
    ):
        starting = asyncio.create_task(_start(stack, name, settings, start, health))
        stop_asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({starting, stop_asked}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            _freeze_start_objects()
            started.set()
            log.info("started")
            await stop_asked
        starting.cancel()
        log.info("stopping")
    log.info("stopped")


async def _start(
    stack: AsyncExitStack, name: str, settings: S, start: Start[S], health: Health
) -> None:
    resources = await stack.enter_async_context(open_resources(settings, name=name, health=health))
    await stack.enter_async_context(start(settings, resources))


def _freeze_start_objects() -> None:
    """Exclude the objects made so far from garbage collection.

    A full collection over them would stop the event loop for 50 ms. Those of modules are excluded
    before (`lean_imports`).
    """
    gc.collect()
    gc.freeze()
