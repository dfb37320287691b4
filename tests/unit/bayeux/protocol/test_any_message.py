"""The protocol answers any message without an exception, and its answers are JSON."""

import json
from typing import Any, NoReturn

from hypothesis import given
from hypothesis import strategies as st

from shared.bayeux.messages.message import MalformedError, decode
from shared.bayeux.sessions.session import Transport
from tests.unit.bayeux.protocol_harness import Client, ProtocolHarness

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 1e308, 1e999]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.just("\ud800"),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    # A message has several of these; larger ones take most of the time to think up.
    max_leaves=8,
)
channels = st.sampled_from(
    [
        "/meta/handshake",
        "/meta/connect",
        "/meta/subscribe",
        "/meta/unsubscribe",
        "/meta/disconnect",
        "/meta/other",
        "/service/x",
        "/v2/me/interactions",
    ]
)
numbers = st.dictionaries(st.sampled_from(["timeout", "interval", "ack", "tc", "l", "o"]), scalars)
messages = st.fixed_dictionaries(
    {},
    optional={
        "channel": channels | anything,
        "id": st.just("1") | anything,
        "subscription": channels | st.lists(channels) | anything,
        "ext": numbers | st.fixed_dictionaries({"timesync": numbers}) | anything,
        "advice": numbers | anything,
        "version": st.just("1.0") | anything,
        "supportedConnectionTypes": st.just(["websocket"]) | anything,
        "data": anything,
    },
)


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


@given(
    batch=st.lists(messages, min_size=1, max_size=4),
    transport=st.sampled_from(list(Transport)),
    acknowledges=st.booleans(),
)
def test_every_batch_is_answered(
    batch: list[dict[str, Any]], transport: Transport, acknowledges: bool
) -> None:
    harness = ProtocolHarness()
    client = Client(harness, transport=transport).join(ext={"ack": acknowledges})
    body = json.dumps([{"clientId": client.client_id} | fields for fields in batch])
    # JSON has no word for infinity, but numbers that nobody can hold.
    body = body.replace("Infinity", "1e999")

    try:
        outcome = client.dispatch(decode(body, max_batch=64, max_depth=32))[1]
    except MalformedError:
        return

    for text in outcome.texts:
        assert json.loads(text.decode(), parse_constant=_refuse)
    assert outcome.texts or outcome.pending
