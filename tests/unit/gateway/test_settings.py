"""Settings of the gateway: values that are accepted, and values that are refused."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.gateway.settings import GatewaySettings
from shared.bayeux.cookies import CookiePolicy

SERVERS = {"RABBITMQ_URL": "amqp://here", "MONGODB_URL": "mongodb://here/mail"}


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)


def test_settings_of_cometd_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert bayeux.cookies == CookiePolicy(secure=True, same_site="None", partitioned=True)
    assert not bayeux.trusts_client_id


def test_cookies_for_other_sites_have_to_be_secure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_COOKIE_SAME_SITE", "None")

    with pytest.raises(ValidationError, match="needs GATEWAY_SECURE_COOKIES=true"):
        GatewaySettings()


def test_origins_are_separated_by_commas() -> None:
    settings = GatewaySettings.model_validate(
        SERVERS | {"allowed_origins": "https://a.example, https://b.example"}
    )

    assert settings.allowed_origins == {"https://a.example", "https://b.example"}
    assert settings.bayeux.allowed_origins == settings.allowed_origins


@pytest.mark.parametrize(
    ("address", "url"),
    [("10.1.2.3", "http://10.1.2.3:8080"), ("fd00::7", "http://[fd00::7]:8080"), ("", "")],
)
def test_own_address_makes_a_url_for_other_pods(address: str, url: str) -> None:
    settings = GatewaySettings.model_validate(SERVERS | {"own_address": address})

    assert settings.own_url == url


def test_journal_is_kept_for_three_days_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_JOURNAL_RETENTION", raising=False)

    settings = GatewaySettings()

    assert settings.journal_retention == timedelta(hours=72)


@pytest.mark.parametrize(
    ("public_url", "chosen", "is_secure"),
    [
        ("https://mail.example.org/desk", {}, True),
        ("https://mail.example.org", {"secure_cookies": "false"}, True),
        ("https://mail.example.org", {"cookie_same_site": "None"}, True),
        ("http://mail.example.org", {}, False),
        ("", {}, False),
    ],
)
def test_cookies_are_secure_where_the_public_url_is(
    public_url: str, chosen: dict[str, str], is_secure: bool
) -> None:
    settings = GatewaySettings.model_validate(SERVERS | {"public_url": public_url} | chosen)

    assert settings.cookies.secure is settings.bayeux.cookies.secure is is_secure


def test_public_url_names_the_served_host() -> None:
    settings = GatewaySettings.model_validate(
        SERVERS
        | {
            "public_url": "https://mail.example.org:8443/desk",
            "own_address": "fd00::7",
            "allowed_hosts": "gateway.mail.svc, other.example",
        }
    )

    assert settings.bayeux.public_origin == "https://mail.example.org:8443"
    assert settings.bayeux.known_hosts == {
        "mail.example.org",
        "[fd00::7]",
        "gateway.mail.svc",
        "other.example",
    }


@pytest.mark.parametrize("public_url", ["mail.example.org", "ftp://mail.example", "https://a b"])
def test_public_url_without_an_origin_is_refused(public_url: str) -> None:
    with pytest.raises(ValidationError, match="has to look like"):
        GatewaySettings.model_validate(SERVERS | {"public_url": public_url})
