"""Outbound and the next mail server, for each test of this package."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.doubles.smtp_sink import SmtpSink, running_sink
from tests.support.outbound import Post, running_outbound
from tests.support.world import World


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    """The next server."""
    async with running_sink() as running:
        yield running


@pytest.fixture
async def post(world: World, sink: SmtpSink) -> AsyncIterator[Post]:
    """Outbound, with a dot deadline of half a second."""
    async with running_outbound(world, sink, dot=timedelta(seconds=0.5)) as running:
        yield running


@pytest.fixture
async def patient_post(world: World, sink: SmtpSink) -> AsyncIterator[Post]:
    """Outbound that waits long for the answer to the final dot."""
    async with running_outbound(world, sink, dot=timedelta(seconds=60)) as running:
        yield running


@pytest.fixture
async def hasty_post(world: World, sink: SmtpSink) -> AsyncIterator[Post]:
    """Outbound that waits half a second for any answer."""
    half = timedelta(seconds=0.5)
    async with running_outbound(world, sink, dot=half, others=half) as running:
        yield running
