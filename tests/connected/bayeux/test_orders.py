"""The lab reports an invalid order and goes on."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.connected.bayeux.running_lab import RunningLab, piped_lab


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/publish", b"{", "not JSON"),
        ("/publish", b"\xff", "not JSON"),
        ("/publish", b"[" * 100_000, "not JSON"),
        ("/publish", b"[1]", "not an object"),
        ("/publish", b'{"agent": "7"}', "missing: data"),
        ("/publish", b"{}", "missing: agent"),
        ("/revoke", b"{}", "missing: agent"),
    ],
)
async def test_invalid_order_is_refused_with_the_reason(
    lab: RunningLab, path: str, body: bytes, words: str
) -> None:
    answer = await lab.http.post(f"{lab.url}{path}", content=body)

    assert answer.status_code == 400
    assert answer.text.startswith(words)
    assert answer.text.count("\n") == 1


async def test_a_bad_line_is_named_and_the_next_is_published() -> None:
    async with piped_lab() as lab, lab.polling() as client:
        await client.join()
        assert lab.process.stdin is not None
        assert lab.process.stderr is not None
        good = json.dumps({"agent": "7", "data": 1}).encode()

        lab.process.stdin.write(b"oops\n" + good + b"\n")
        async with asyncio.timeout(15):
            said = await lab.process.stderr.readline()
            replies = await client.ask("/meta/connect")

        assert said.startswith(b"line 1 is not published: not JSON")
        assert replies[0]["data"] == 1


async def test_lines_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(b'{"agent": "7", "data": 1}\noops\n')

    with file.open("rb") as events:
        async with piped_lab(events) as lab, asyncio.timeout(15):
            assert lab.process.stderr is not None
            said = await lab.process.stderr.readline()

    assert said.startswith(b"line 2 is not published: not JSON")
