"""Many clients whose server is killed and comes back."""

import pytest

from tests.bench_cometd.gateway_reconnect import measure_gateway_return
from tests.bench_cometd.lab_reconnect import measure_lab_return

pytestmark = [pytest.mark.connected, pytest.mark.faults]


async def test_a_thousand_clients_are_back_within_fifteen_seconds() -> None:
    result = await measure_lab_return(1000)

    assert len(result.delays) == 1000
    assert max(result.delays) < 15
    assert result.heard == 1000


async def test_clients_of_a_killed_gateway_miss_no_events(
    vhost_url: str, database_url: str
) -> None:
    result = await measure_gateway_return(vhost_url, database_url, 500)

    assert result.all < 15
    assert result.whole == 500
