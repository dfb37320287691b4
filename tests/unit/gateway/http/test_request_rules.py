"""Rules for bodies, names of operations and file names."""

import json
import time

import pytest

from services.gateway.errors import RequestError, Situation
from services.gateway.http.content_disposition import content_disposition
from services.gateway.http.json_body import parse_object
from services.gateway.operations.properties.user_data import keys_to_remove
from services.gateway.operations.registry import (
    NOT_ON_INTERACTIONS,
    ON_INTERACTIONS,
    find_operation,
    operation_name,
)

MOST_SECONDS = 0.1
"""A fifth of what such a body took before, and ten times what it takes."""


def test_an_object_is_read() -> None:
    assert parse_object(b'{"a":[1,{"b":null}]}') == {"a": [1, {"b": None}]}


MUCH = b"," * 2_000_000
MANY_RECIPIENTS = [{"address": f"a{number}@b.example", "personal": "A"} for number in range(1500)]


@pytest.mark.parametrize(
    "text", [MUCH.decode(), '\\"' * 500_000, "[{" * 500_000], ids=["commas", "quotes", "brackets"]
)
def test_long_text_is_read_whatever_it_says(text: str) -> None:
    assert parse_object(json.dumps({"text": text, "more": [1]}).encode()) == {
        "text": text,
        "more": [1],
    }


def test_as_many_values_as_a_mail_can_need_are_read() -> None:
    body = {"to": MANY_RECIPIENTS, "userData": {str(number): number for number in range(512)}}

    assert parse_object(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[' + b"[]," * 600_000 + b"1]}",
        b'{"a":[' + b"{}," * 600_000 + b"1]}",
        b'{"a":[' + b"1," * 600_000 + b"1]}",
        b'{"a":[' + b'"",' * 600_000 + b"1]}",
        b'{"a":[' + b'",",' * 600_000 + b"1]}",
        b"{" + b'"":"",' * 300_000 + b'"":1}',
        b'"' * 2_000_000,
        b'"a' + b'\\"' * 1_000_000,
        b'"a' + b"\\" * 1_999_999,
    ],
    ids=["lists", "objects", "numbers", "texts", "commas", "members", "quotes", "open", "escaped"],
)
def test_body_of_countless_values_is_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(RequestError) as refusal:
        parse_object(body)

    assert time.process_time() - began < MOST_SECONDS
    assert refusal.value.situation is Situation.VALUE_REFUSED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a":Infinity}',
        b"\xff",
        b'{"a":"\\udc00"}',
        b'{"\\udc00":1}',
        b'{"a":18446744073709551616}',
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 200_000,
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"\\u0062":2}}',
    ],
)
def test_body_that_cannot_be_stored_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as refusal:
        parse_object(body)

    assert refusal.value.situation is Situation.VALUE_REFUSED


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("StopProcessing", "Complete"),
        ("SingleStepTransfer", "Transfer"),
        ("CancelReply", "Cancel"),
        ("Accept", "Accept"),
    ],
)
def test_operations_go_by_their_aliases(alias: str, name: str) -> None:
    assert find_operation(alias).name == name


def test_no_name_is_both_offered_and_not() -> None:
    names = {name for one in ON_INTERACTIONS for name in (one.name, *one.aliases)}

    assert not names & NOT_ON_INTERACTIONS


@pytest.mark.parametrize("body", [{}, {"operationName": ""}, {"operationName": None}])
def test_an_operation_has_to_be_named(body: dict[str, object]) -> None:
    with pytest.raises(RequestError) as refusal:
        operation_name(body)

    assert refusal.value.situation is Situation.PARAMETER_MISSING


def test_keys_are_removed_whole_or_inside() -> None:
    asked = {"a": 1, "b": {"c": 2, "d": 3}, "e": {}}

    assert keys_to_remove(asked) == {"a": [], "b": ["c", "d"], "e": []}
    assert keys_to_remove(["a", "b"]) == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.pdf", "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"),
        ("ä b.pdf", "attachment; filename=\"_ b.pdf\"; filename*=UTF-8''%C3%A4%20b.pdf"),
        ('a"\r\nX: y', "attachment; filename=\"a_X: y\"; filename*=UTF-8''a%22X%3A%20y"),
        ("../../etc/passwd", "attachment; filename=\"etcpasswd\"; filename*=UTF-8''etcpasswd"),
        ("", "attachment; filename=\"attachment\"; filename*=UTF-8''attachment"),
        ("\udce4.txt", "attachment; filename=\"txt\"; filename*=UTF-8''txt"),
    ],
)
def test_no_file_name_becomes_a_header(name: str, value: str) -> None:
    assert content_disposition(name) == value
