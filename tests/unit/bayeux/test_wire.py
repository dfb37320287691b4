"""What counts as a request, and what leaves as JSON."""

import json

import pytest

from services.gateway.bayeux.events import Event
from services.gateway.bayeux.wire import MalformedError, decode, encode, frame


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'["text"]',
        b'[{"id": NaN}]',
        b'[{"id": Infinity}]',
        b"\xff",
        b"[" * 100_000,
        b'[{"a":' + b"[" * 40 + b"]" * 40 + b"}]",
        b"[" + b"{}," * 64 + b"{}]",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(body, max_batch=64, max_depth=32)


def test_a_single_message_is_a_batch_of_one() -> None:
    [message] = decode('{"channel": "/meta/connect"}', max_batch=1, max_depth=32)

    assert message.channel == "/meta/connect"


@pytest.mark.parametrize("bad", [True, "", "a b", "x" * 129, "é", 1e999, 10**400, [], {}])
def test_an_id_that_must_not_be_echoed_is_not(bad: object) -> None:
    [message] = decode(json.dumps({"id": "1"}), max_batch=1, max_depth=32)
    assert message.id == "1"

    broken = type(message)({"id": bad})

    assert broken.id is None
    assert broken.has_bad_id


def test_text_that_is_not_unicode_leaves_escaped() -> None:
    written = encode({"subject": "caf\udce9 ☕"})

    assert written.encode()
    assert json.loads(written) == {"subject": "caf\udce9 ☕"}


def test_unicode_leaves_as_it_is() -> None:
    assert encode({"subject": "Grüße"}) == '{"subject":"Grüße"}'


def test_an_event_is_written_once_for_each_channel() -> None:
    event = Event({"n": 1})

    assert event.on("/me/interactions") is event.on("/me/interactions")
    assert json.loads(frame([event.on("/a").text, event.on("/b").text])) == [
        {"channel": "/a", "data": {"n": 1}},
        {"channel": "/b", "data": {"n": 1}},
    ]


def test_the_size_of_a_frame_is_counted_in_bytes() -> None:
    assert Event("ü").on("/a").size == Event("u").on("/a").size + 1
