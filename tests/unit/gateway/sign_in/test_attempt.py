"""An attempt to log in by code: its secrets, its address, and the codes that it takes."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from services.gateway.sign_in.attempt import Attempt

ISSUER = "https://id.example.org"
ATTEMPT = Attempt.new(in_window=False)


def test_attempts_have_secrets_of_their_own() -> None:
    other = Attempt.new(in_window=False)

    secrets = [ATTEMPT.state, ATTEMPT.nonce, ATTEMPT.verifier]
    secrets += [other.state, other.nonce, other.verifier]
    assert len(set(secrets)) == 6
    assert ATTEMPT.verifier not in repr(ATTEMPT)


@pytest.mark.parametrize("in_window", [True, False])
def test_cookie_brings_the_attempt_back(*, in_window: bool) -> None:
    attempt = Attempt.new(in_window=in_window)

    assert Attempt.read(attempt.cookie) == attempt


@pytest.mark.parametrize(
    "cookie", ["", "a.b.c.0", f"{ATTEMPT.cookie}0", ATTEMPT.cookie[:-1] + "2", "." * 10_000]
)
def test_other_cookies_hold_no_attempt(cookie: str) -> None:
    assert Attempt.read(cookie) is None


def test_address_shows_a_digest_of_the_verifier_only() -> None:
    address = ATTEMPT.address(f"{ISSUER}/auth?p=1", "desk", "https://mail.example.org/back")

    query = {name: one for name, [one] in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(ATTEMPT.verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert ATTEMPT.verifier not in address
    assert query == {
        "p": "1",
        "response_type": "code",
        "client_id": "desk",
        "redirect_uri": "https://mail.example.org/back",
        "scope": "openid profile",
        "state": ATTEMPT.state,
        "nonce": ATTEMPT.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize("more", [{}, {"iss": ISSUER}])
def test_code_of_the_attempt_is_taken(more: dict[str, str]) -> None:
    query = {"state": ATTEMPT.state, "code": "c", **more}

    assert ATTEMPT.code(query, ISSUER) == "c"


@pytest.mark.parametrize(
    "query",
    [
        {"code": "c"},
        {"state": "", "code": "c"},
        {"state": "ä", "code": "c"},
        {"state": ATTEMPT.nonce, "code": "c"},
        {"state": ATTEMPT.state},
        {"state": ATTEMPT.state, "code": ""},
        {"state": ATTEMPT.state, "code": "c", "iss": "https://evil.example"},
        {"state": ATTEMPT.state, "code": "c", "error": "access_denied"},
    ],
)
def test_code_of_anything_else_is_refused(query: dict[str, str]) -> None:
    assert ATTEMPT.code(query, ISSUER) is None
