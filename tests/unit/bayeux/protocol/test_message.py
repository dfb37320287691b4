"""Reading of requests, and writing of JSON."""

import json

import pytest

from shared.bayeux.messages.events import Event
from shared.bayeux.messages.message import MalformedError, decode, encode, frame


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
        b'[{"id": "\\ud800"}]',
        b"[" * 100_000,
        b'[{"a":' + b"[" * 40 + b"]" * 40 + b"}]",
        b"[" + b"{}," * 64 + b"{}]",
    ],
)
def test_malformed_request_is_refused(body: bytes) -> None:
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

    assert json.loads(written.decode()) == {"subject": "caf\udce9 ☕"}


def test_unicode_leaves_as_it_is() -> None:
    assert encode({"subject": "Grüße"}) == '{"subject":"Grüße"}'.encode()


def test_an_event_is_written_once_for_each_channel() -> None:
    event = Event({"n": 1})

    assert event.on("/me/interactions") is event.on("/me/interactions")
    assert json.loads(frame([event.on("/a")[0], event.on("/b")[0]])) == [
        {"channel": "/a", "data": {"n": 1}},
        {"channel": "/b", "data": {"n": 1}},
    ]


def test_event_without_listeners_is_not_written() -> None:
    unwritable = Event(object())

    with pytest.raises(TypeError):
        unwritable.on("/a")
