"""How journaled events travel to the pods: what was written together, in one message.

A message has the routing keys of all the agents it is about, and comes once to a pod, however many
of them listen there. Its body is an index and the envelopes as they were announced, so that a pod
reads only those of its own agents.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from services.gateway.notifications.agent_queues import Arrived
from shared.contracts.envelope import JOURNALED
from shared.contracts.outgoing import Outgoing
from shared.storage.journal import Entry

FORM: Final = 1
"""How pods are told, as a number that grows: another body, exchange or key is another form."""

_MOST: Final = 200
"""Entries of a message: their agents have to fit into one frame of 128 KiB, 255 octets for each."""

_LARGEST: Final = 1024 * 1024
"""Octets of envelopes in a message that has several; brokers refuse messages above 16 MiB."""

_END_OF_INDEX: Final = b"\n"
_Index: Final = TypeAdapter(list[tuple[str, int, int]])


class UnreadableBatchError(ValueError):
    """What came is no batch of journaled events."""


def batches(entries: Sequence[Entry]) -> Iterator[Outgoing]:
    """Return the messages that tell of entries, in their order."""
    together: list[Entry] = []
    size = 0
    for entry in entries:
        octets = len(entry.event.envelope)
        if together and (len(together) == _MOST or size + octets > _LARGEST):
            yield _batch(together)
            together, size = [], 0
        together.append(entry)
        size += octets
    if together:
        yield _batch(together)


def arrived_in(body: bytes) -> Iterator[Arrived]:
    """Return the events of a message, in their order, of whichever agents.

    Raises:
        UnreadableBatchError: It has no index, or one that does not fit.
    """
    index, _, envelopes = body.partition(_END_OF_INDEX)
    try:
        places = _Index.validate_json(index)
    except ValidationError as error:
        raise UnreadableBatchError("no index") from error
    if sum(length for _, _, length in places) != len(envelopes):
        raise UnreadableBatchError("the index does not fit")
    begin = 0
    for agent_id, position, length in places:
        yield Arrived(agent_id, position, envelopes[begin : begin + length])
        begin += length


def _batch(entries: Sequence[Entry]) -> Outgoing:
    events = [entry.event for entry in entries]
    index = [(one.event.agent_id, one.position, len(one.event.envelope)) for one in entries]
    first, *others = dict.fromkeys(event.agent_id for event in events)
    return Outgoing(
        events[0].event_id,
        JOURNALED,
        first,
        b"".join((to_json(index), _END_OF_INDEX, *(event.envelope for event in events))),
        other_keys=others,
        content_type="application/octet-stream",
    )
