"""What an operator may set, and what is refused before anything starts."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.gateway.settings import GatewaySettings


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://here")
    monkeypatch.setenv("MONGODB_URL", "mongodb://here/mail")


def test_what_concerns_cometd_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {
        "CONNECT_TIMEOUT": "PT20S",
        "DRAIN_SPREAD": "0",
        "HELD_PER_BROWSER": "-1",
        "MULTI_SESSION_INTERVAL": "0",
        "COMETD_TIMESTAMPS": "true",
        "SECURE_COOKIES": "true",
        "COOKIE_SAME_SITE": "None",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)

    bayeux = GatewaySettings().bayeux

    assert bayeux.timeout == timedelta(seconds=20)
    assert (bayeux.max_held_per_browser, bayeux.multi_session_interval) == (-1, timedelta(0))
    assert (bayeux.timestamps, bayeux.drain_spread) == (True, timedelta(0))
    assert (bayeux.secure_cookie, bayeux.same_site) == (True, "None")


def test_cookies_for_other_sites_have_to_be_secure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_COOKIE_SAME_SITE", "None")

    with pytest.raises(ValidationError, match="needs GATEWAY_SECURE_COOKIES=true"):
        GatewaySettings()
