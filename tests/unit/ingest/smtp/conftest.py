"""The listeners on the loop of production and on asyncio's."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvloop

from tests.doubles.listener import LoopFactory, Run, RunningListener, running_listener


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Give what runs the listeners with some settings; nothing may go wrong on their loop."""
    make_loop: LoopFactory = request.param
    with ExitStack() as stack:

        def start(**changed: Any) -> RunningListener:
            running = stack.enter_context(running_listener(make_loop, **changed))
            stack.callback(lambda: _assert_calm(running))
            return running

        yield start


def _assert_calm(running: RunningListener) -> None:
    assert running.tracebacks == []
