"""Many clients whose server is killed and comes back."""

import pytest

from tests.bench_cometd.herd import stampede

pytestmark = [pytest.mark.connected, pytest.mark.faults]


async def test_a_thousand_clients_are_back_within_fifteen_seconds() -> None:
    result = await stampede(1000)

    assert len(result.delays) == 1000
    assert max(result.delays) < 15
    assert result.heard == 1000
