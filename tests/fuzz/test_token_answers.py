"""Any answer of a token or device endpoint is judged, within bounds."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.oauth.device_flow import Invitation, read_invitation
from shared.oauth.token_responses import Denied, Granted, HttpAnswer, TemporaryFailure, read_answer

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "s3cr3t"
NAMES = (
    *("access_token", "token_type", "expires_in", "refresh_token", "error", "error_description"),
    *("device_code", "user_code", "verification_uri", "verification_url", "interval"),
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**30, -(10**30), 0, 1]))
WORDS = st.one_of(
    st.text(max_size=50),
    st.sampled_from(["Bearer", "invalid_grant", SECRET, f"x{SECRET}y", "3600", "https://x/y"]),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(NAMES), JSON).map(lambda fields: json.dumps(fields).encode()),
)
DATES = st.one_of(st.text(max_size=60), st.sampled_from(["Mon, 02 Mar 2026 09:10:00 GMT", "120"]))
ANSWERS = st.builds(
    HttpAnswer,
    st.sampled_from([200, 302, 400, 401, 404, 429, 500, 503]),
    st.fixed_dictionaries({}, optional={"date": DATES, "retry-after": DATES}),
    BODIES,
)


@given(ANSWERS)
def test_every_answer_is_judged_within_bounds(answer: HttpAnswer) -> None:
    outcome = read_answer(answer, NOW, [SECRET])

    match outcome:
        case Granted(token, life):
            assert token.isascii()
            assert timedelta(seconds=1) <= life <= timedelta(days=1)
        case Denied(_, words):
            assert SECRET not in words
            assert len(words) < 500
        case TemporaryFailure(words, pause):
            assert SECRET not in words
            assert pause is None or timedelta(seconds=5) <= pause <= timedelta(hours=1)


@given(ANSWERS)
def test_every_invitation_is_judged_within_bounds(answer: HttpAnswer) -> None:
    found = read_invitation(answer, NOW, [SECRET])

    if isinstance(found, Invitation):
        assert timedelta(minutes=1) <= found.lasts <= timedelta(minutes=30)
        assert timedelta(seconds=1) <= found.interval <= timedelta(minutes=1)
        assert found.user_code.isprintable()
    else:
        assert SECRET not in found
