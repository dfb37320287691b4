"""The message format in which journaled events go to the pods: many events in one message.

A message has the routing keys of all its agents, and reaches each pod once, however many of them
have clients there. Its body is an index, a line feed, and the envelopes as they were announced. A
pod parses only the envelopes of its own agents.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from shared.contracts.envelope import JOURNALED
from shared.contracts.outgoing import Outgoing
from shared.storage.journal import Entry, StoredEntry

FORM: Final = 1
"""The number of this format. A change of body, exchange or key needs a higher number."""

_MOST: Final = 200
"""Entries in a message. The keys of their agents, up to 255 octets each, have to fit into one frame
of 128 KiB."""

_LARGEST: Final = 1024 * 1024
"""Octets of envelopes in a message with several entries; brokers refuse more than 16 MiB."""

_END_OF_INDEX: Final = b"\n"
_Index: Final = TypeAdapter(list[tuple[str, int, int]])


class UnreadableBatchError(ValueError):
    """A message body is not in this format."""


def batches(entries: Sequence[StoredEntry]) -> Iterator[Outgoing]:
    """Return the messages that bring entries to the pods, in order."""
    together: list[StoredEntry] = []
    size = 0
    for entry in entries:
        octets = len(entry.envelope)
        if together and (len(together) == _MOST or size + octets > _LARGEST):
            yield _batch(together)
            together, size = [], 0
        together.append(entry)
        size += octets
    if together:
        yield _batch(together)


def read_batch(body: bytes) -> Iterator[Entry]:
    """Return the entries in a message, of all its agents, in order.

    Raises:
        UnreadableBatchError: The body has no index, or one that does not fit its envelopes.
    """
    index, _, envelopes = body.partition(_END_OF_INDEX)
    try:
        places = _Index.validate_json(index)
    except ValidationError as error:
        raise UnreadableBatchError("no index") from error
    if sum(length for _, _, length in places) != len(envelopes):
        raise UnreadableBatchError("the index does not fit")
    start = 0
    for agent_id, position, length in places:
        yield Entry(agent_id, position, envelopes[start : start + length])
        start += length


def _batch(entries: Sequence[StoredEntry]) -> Outgoing:
    index = [(entry.agent_id, entry.position, len(entry.envelope)) for entry in entries]
    first, *others = dict.fromkeys(entry.agent_id for entry in entries)
    return Outgoing(
        entries[0].event_id,
        JOURNALED,
        first,
        b"".join((to_json(index), _END_OF_INDEX, *(entry.envelope for entry in entries))),
        other_keys=others,
        content_type="application/octet-stream",
    )
