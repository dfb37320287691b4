"""Who has agreed to a login."""

import base64
import json
from datetime import timedelta

import pytest

from shared.oauth.consenting_person import other_person
from shared.oauth.token_responses import Granted

WANTED = "support@demo.example"
OTHER = "bob@demo.example"


def token(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def granted(access: str = "opaque", identity: str = "") -> Granted:
    return Granted(access, timedelta(hours=1), "refresh", identity)


@pytest.mark.parametrize(
    "tokens",
    [
        granted(),
        granted("a.b", "x.y.z"),
        granted(token({"upn": "Support@DEMO.example"})),
        granted(identity=token({"email": WANTED, "preferred_username": OTHER})),
        granted(token({"unique_name": "no address", "email": 17})),
        granted(token([OTHER])),
        granted("a." + "é" * 5 + ".c"),
        granted("a." + base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".c"),
    ],
)
def test_the_wanted_or_an_unknown_person_is_no_other(tokens: Granted) -> None:
    assert other_person(tokens, WANTED) == ""


@pytest.mark.parametrize("claim", ["email", "preferred_username", "upn", "unique_name"])
def test_another_person_is_named(claim: str) -> None:
    assert other_person(granted(token({claim: OTHER})), WANTED) == OTHER
    assert other_person(granted(identity=token({claim: OTHER + "\n"})), WANTED) == OTHER
