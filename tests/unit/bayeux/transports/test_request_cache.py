"""Lifetime and limits of the cache of heads."""

import math

from shared.bayeux.transports.http.request_cache import RequestCache

HEAD = b"POST /cometd/connect HTTP/1.1\r\nContent-Length: 4\r\n\r\n"


def known(until: float = math.inf) -> RequestCache[str]:
    heads: RequestCache[str] = RequestCache()
    heads.remember(HEAD, "anna", 4, now=100.0, until=until)
    return heads


def test_a_head_stands_for_whom_it_was_admitted_as() -> None:
    assert known().recall(HEAD, 4, now=104.9) == "anna"


def test_after_five_seconds_it_is_looked_at_anew() -> None:
    heads = known()

    assert heads.recall(HEAD, 4, now=105.0) is None
    assert heads.recall(HEAD, 4, now=104.0) is None


def test_requester_is_unknown_after_the_end_of_the_login() -> None:
    assert known(until=101.0).recall(HEAD, 4, now=101.0) is None


def test_another_head_or_a_body_that_is_not_whole_is_not_known() -> None:
    heads = known()

    assert heads.recall(HEAD.replace(b"4", b"5"), 4, now=100.0) is None
    assert heads.recall(HEAD, 3, now=100.0) is None


def test_a_long_head_is_not_remembered() -> None:
    heads, head = known(), b"x" * 4_097

    heads.remember(head, "anna", 4, now=100.0, until=math.inf)

    assert heads.recall(head, 4, now=100.0) is None
