"""Leftovers of the driver from one test do not fail another."""

import asyncio
import gc
import socket
import warnings

import pytest
from pymongo import pool_shared
from pymongo.pool_options import PoolOptions


async def test_a_connect_that_is_canceled_leaves_no_socket_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connects = asyncio.Event()

    async def never_answer(_socket: socket.socket, _address: object) -> None:
        connects.set()
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never_answer)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        connecting = asyncio.create_task(
            pool_shared._async_create_connection(("127.0.0.1", 1), PoolOptions())
        )
        await connects.wait()
        connecting.cancel()
        await asyncio.wait({connecting})
        del connecting
        gc.collect()

    assert [str(one.message) for one in warned] == []
