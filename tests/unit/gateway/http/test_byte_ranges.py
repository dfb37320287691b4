"""Ranges and versions (RFC 9110 sections 13 and 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.errors import RequestError, Situation
from services.gateway.http.byte_ranges import Span, requested_span
from services.gateway.http.preconditions import is_known

TAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-99", Span(0, 99)),
        ("bytes=10-19", Span(10, 19)),
        ("bytes=90-", Span(90, 99)),
        ("bytes=90-500", Span(90, 99)),
        ("bytes=-1", Span(99, 99)),
        ("bytes=-500", Span(0, 99)),
        ("Bytes = 1-2", Span(1, 2)),
        (" bytes=1-2 ", Span(1, 2)),
    ],
)
def test_single_range_is_given(asked: str, span: Span) -> None:
    assert requested_span({"range": asked}, TAG, 100) == span


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,5-6",
        "items=0-1",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=0x1-2",
        "bytes=" + "9" * 40 + "-",
        "bytes=\u0661-\u0662",
    ],
)
def test_invalid_range_gets_the_whole_document(asked: str) -> None:
    assert requested_span({"range": asked}, TAG, 100) is None


@pytest.mark.parametrize(
    ("asked", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100)]
)
def test_a_range_behind_the_end_is_refused_with_the_size(asked: str, size: int) -> None:
    with pytest.raises(RequestError) as refused:
        requested_span({"range": asked}, TAG, size)

    assert refused.value.situation is Situation.RANGE_REFUSED
    assert refused.value.headers == {"Content-Range": f"bytes */{size}"}


def test_nothing_of_an_empty_document_can_be_asked_for() -> None:
    with pytest.raises(RequestError):
        requested_span({"range": "bytes=0-"}, TAG, 0)


@pytest.mark.parametrize("version", ['"other"', 'W/"abc"', "Fri, 20 Nov 2026 10:00:00 GMT"])
def test_a_range_of_another_version_gets_everything(version: str) -> None:
    assert requested_span({"range": "bytes=0-1", "if-range": version}, TAG, 100) is None


def test_a_range_of_this_version_is_given() -> None:
    assert requested_span({"range": "bytes=0-1", "if-range": TAG}, TAG, 100) == Span(0, 1)


@pytest.mark.parametrize(
    "given_tags",
    [["*"], ['"abc"'], ['W/"abc"'], ['"x", "abc"'], ['"x",W/"abc"'], ['"x"', '"abc"']],
)
def test_tag_of_the_client_is_known(given_tags: list[str]) -> None:
    assert is_known(given_tags, TAG)


@pytest.mark.parametrize("given_tags", [[], [""], ["abc"], ['"ab"'], ['"abcd"']])
def test_another_version_is_not_known(given_tags: list[str]) -> None:
    assert not is_known(given_tags, TAG)


@given(st.text("bytes=-, 0123456789", max_size=20), st.integers(0, 50))
def test_a_span_is_always_inside(asked: str, size: int) -> None:
    try:
        span = requested_span({"range": asked}, TAG, size)
    except RequestError:
        return

    assert span is None or 0 <= span.first <= span.last < size
