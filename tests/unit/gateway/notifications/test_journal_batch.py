"""Batches of journaled events: an index, and the envelopes as they were announced."""

import pytest

from services.gateway.notifications.journal.journal_batch import (
    UnreadableBatchError,
    batches,
    read_batch,
)
from shared.contracts.outgoing import Outgoing
from shared.storage.journal import Entry, StoredEntry


def entry(agent_id: str, position: int, envelope: bytes = b"{}") -> StoredEntry:
    return StoredEntry(agent_id, position, envelope, f"{agent_id}-{position}")


def keys(message: Outgoing) -> list[str]:
    return [message.routing_key, *message.other_keys]


def test_batch_returns_its_events_in_order_and_unchanged() -> None:
    written = [entry("anna", 1, b'{\n"a": 1}'), entry("bert", 7, b""), entry("anna", 2, b"\xff")]

    [message] = batches(written)

    assert list(read_batch(message.body)) == [
        Entry("anna", 1, b'{\n"a": 1}'),
        Entry("bert", 7, b""),
        Entry("anna", 2, b"\xff"),
    ]
    assert keys(message) == ["anna", "bert"]


def test_batch_of_one_event_has_one_key() -> None:
    [message] = batches([entry("anna", 1)])

    assert keys(message) == ["anna"]


def test_keys_of_a_batch_fit_into_one_frame() -> None:
    written = [entry(f"{number:0255}", 1) for number in range(1_001)]

    messages = list(batches(written))

    assert [one for message in messages for one in read_batch(message.body)] == [
        Entry(one.agent_id, one.position, one.envelope) for one in written
    ]
    assert all(sum(len(key) + 5 for key in keys(message)) < 100_000 for message in messages)


def test_large_events_get_batches_of_their_own() -> None:
    sizes = [600_000, 500_000, 400_000, 2_000_000, 1]
    written = [entry(f"agent{size}", 1, b"x" * size) for size in sizes]

    messages = list(batches(written))

    assert [[len(one.envelope) for one in read_batch(message.body)] for message in messages] == [
        [600_000],
        [500_000, 400_000],
        [2_000_000],
        [1],
    ]


def test_no_entries_make_no_batch() -> None:
    assert list(batches([])) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"\n{}", b'[["anna", 1]]\n', b'[["anna", 1, 3]]\n{}'])
def test_body_that_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBatchError):
        list(read_batch(body))
