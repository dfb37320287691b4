"""Mailboxes are logged in to by token at a real Dovecot, which asks about each token."""

import base64
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.fetching.app import make_logins
from services.fetching.folders import folder_fetcher
from services.fetching.logins import LoginRenewal
from shared.contracts.contact_center import ContactCenter
from shared.domain.mailbox_health import Health
from tests.doubles.mails import mail, message_id
from tests.doubles.token_endpoint import Answer, TokenEndpoint
from tests.fixtures.imap_server import ImapServer
from tests.support.backend import Backend
from tests.support.fetching import described, fetch, make_resources, make_settings, running_pod

pytestmark = pytest.mark.connected

SECRET = "a very secret secret"
ENVIRONMENT = {"OAUTH_SECRET": SECRET}
KEY = base64.b64encode(b"k" * 32).decode()
INVALID = Answer.of(400, {"error": "invalid_grant", "error_description": f"no, {SECRET}"})


@pytest.fixture
def provider(endpoint: TokenEndpoint, user: str) -> TokenEndpoint:
    """The endpoint as if it had just begun, for this user."""
    for name, value in vars(TokenEndpoint(port=endpoint.port, user_name=user)).items():
        setattr(endpoint, name, value)
    return endpoint


def by_token(provider: TokenEndpoint, server: ImapServer, user: str) -> ContactCenter:
    """Return a contact center whose mailbox logs in at the provider."""
    login = {
        "name": "provider",
        "kind": "client-credentials",
        "token_url": provider.url,
        "client_id": "client-1",
        "client_secret_variable": "OAUTH_SECRET",
        "scope": "mail.send",
    }
    fetched = fetch(server.plain, user, since="2026-01-01", login={"oauth": "provider"})
    return described(fetched, oauth=[login])


async def test_mail_is_fetched_by_token(
    backend: Backend, provider: TokenEndpoint, server: ImapServer, user: str
) -> None:
    server.append(user, mail(1))
    center = by_token(provider, server, user)

    async with running_pod(backend, center, ENVIRONMENT, MAILROOM_SEALING_KEY=KEY) as pod:
        assert await pod.has(message_id(1))

    assert provider.introspected == ["token-1"]


async def test_revoked_token_is_replaced(
    backend: Backend, provider: TokenEndpoint, server: ImapServer, user: str
) -> None:
    center = by_token(provider, server, user)
    async with running_pod(backend, center, ENVIRONMENT, MAILROOM_SEALING_KEY=KEY) as pod:
        assert await pod.catches_up()
    provider.revoke_all()
    server.append(user, mail(1))

    async with running_pod(backend, center, ENVIRONMENT, MAILROOM_SEALING_KEY=KEY) as pod:
        assert await pod.has(message_id(1))

    assert len(provider.asked) == 2


@pytest.mark.parametrize("refuses", ["endpoint", "server", "other mailbox"])
async def test_refused_login_is_sick_at_once_and_not_repeated(
    backend: Backend,
    provider: TokenEndpoint,
    server: ImapServer,
    user: str,
    refuses: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: timedelta(seconds=0.1))
    match refuses:
        case "endpoint":
            provider.always = INVALID
        case "server":
            provider.scope = "openid"
        case _:
            provider.user_name = "somebody-else"

    center = by_token(provider, server, user)
    async with running_pod(backend, center, ENVIRONMENT, MAILROOM_SEALING_KEY=KEY) as pod:
        assert await pod.becomes(Health.SICK)
        while (folder := await pod.folder()).facts.faults < 4:
            assert await pod.becomes(Health.SICK)

    assert folder.facts.fault
    assert folder.facts.fault.code == "login-refused"
    assert len(provider.asked) == (1 if refuses == "endpoint" else 2)
    assert len(provider.introspected) <= 2
    shown = repr(folder) + "".join(capsys.readouterr())
    assert SECRET not in shown
    assert "token-1" not in shown


async def test_refused_login_sets_the_metric_without_any_mail(
    backend: Backend, provider: TokenEndpoint, server: ImapServer, user: str
) -> None:
    provider.always = INVALID
    resources = make_resources(backend)
    await resources.configuration.write(by_token(provider, server, user))
    logins = make_logins(make_settings(MAILROOM_SEALING_KEY=KEY), resources, ENVIRONMENT)

    await LoginRenewal(logins, resources.configuration).renew()

    found = REGISTRY.get_sample_value("mailroom_fetching_login_refused", {"login": "provider"})
    assert found == 1


@pytest.mark.parametrize("answer", [Answer(503, b""), Answer(429, b"", {"retry-after": "60"})])
async def test_endpoint_that_is_away_is_a_passing_fault(
    backend: Backend,
    provider: TokenEndpoint,
    server: ImapServer,
    user: str,
    answer: Answer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folder_fetcher, "pause_after", lambda *_, **__: timedelta(seconds=0.1))
    provider.always = answer
    center = by_token(provider, server, user)

    async with running_pod(backend, center, ENVIRONMENT, MAILROOM_SEALING_KEY=KEY) as pod:
        assert await pod.becomes(Health.SLOW)
        fault = (await pod.folder()).facts.fault
        while (await pod.folder()).facts.faults < 3:
            assert await pod.becomes(Health.SICK)

    assert fault
    assert (fault.code, fault.needs_person) == ("no-token", False)
    # The folder looks again soon, the endpoint is asked when it says.
    assert len(provider.asked) == 1
