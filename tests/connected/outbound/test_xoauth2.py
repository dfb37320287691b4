"""Outbound logs in by token at a real server: Postfix, with Dovecot asking about each token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from services.console.health import findings
from services.outbound.delivery import Deliverer
from services.outbound.route_login import RouteLogins
from services.outbound.smtp.connection import LoginProof, open_session
from services.outbound.smtp.connection_pool import PoolLimits, SmtpPool
from services.outbound.smtp.smtp_session import Deadlines, SmtpSession
from shared.contracts.contact_center import ContactCenter, SmtpRoute
from shared.contracts.events import DeliveryDeferred
from shared.domain.deliveries.delivery import Delivery, DeliveryState
from shared.domain.lifecycle import State
from shared.storage.database.client import Database
from tests.connected.outbound.pods import ENVIRONMENT, USER, Pod, described, identity, let_pass
from tests.doubles.token_endpoint import Answer, TokenEndpoint, running_endpoint
from tests.fixtures.mail_server import MailServer, running_mail_server
from tests.support.outbound import Outbound

pytestmark = pytest.mark.connected

TEN = timedelta(seconds=10)
QUARTER = timedelta(minutes=16)
INVALID_SCOPE = Answer.of(400, {"error": "invalid_scope", "error_description": "no such scope"})


@dataclass
class Provider:
    """A mail server, and the endpoint that gives the tokens it takes."""

    endpoint: TokenEndpoint
    server: MailServer


@pytest_asyncio.fixture(scope="module")
async def started() -> AsyncIterator[Provider]:
    async with running_endpoint() as endpoint, running_mail_server(endpoint.port) as server:
        yield Provider(endpoint, server)


@pytest.fixture
def provider(started: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider as if it had just begun; its certificate is believed."""
    fresh = TokenEndpoint(port=started.endpoint.port)
    for name in vars(fresh):
        setattr(started.endpoint, name, getattr(fresh, name))
    monkeypatch.setenv("SSL_CERT_FILE", str(started.server.certificate))
    return started


@dataclass
class OAuthOutbound:
    """One pod of outbound whose route logs in by OAuth."""

    outbound: Outbound
    provider: Provider
    logins: RouteLogins
    delivering: Deliverer
    route: SmtpRoute

    async def delivered(self) -> Delivery:
        mail = await self.outbound.submit()
        await self.delivering.deliver(mail)
        return await self.outbound.journal(mail)

    async def refused(self) -> str:
        """Return what the author is told of a mail that could not go out."""
        mail = await self.delivered()
        assert mail.state is DeliveryState.DEFERRED
        assert await self.outbound.state(mail.id) is State.SENDING
        return str((await self.outbound.backend.next_event(DeliveryDeferred, mail.id)).reason)

    async def gauge(self) -> float | None:
        await self.logins.renew_token(self.route)
        return REGISTRY.get_sample_value("mailroom_outbound_login_refused", {"login": "provider"})

    async def finding(self) -> str:
        """Return what the doctor says of the login."""
        login = described(self.provider.endpoint.url)
        state = await Pod(self.database).state(identity(login))
        return str(findings.about_login(login, USER, state, [self.route.server]))

    @property
    def database(self) -> Database:
        return self.outbound.backend.database


@asynccontextmanager
async def running_oauth_outbound(
    outbound: Outbound,
    provider: Provider,
    environment: dict[str, str] | None = None,
    **changes: object,
) -> AsyncIterator[OAuthOutbound]:
    route = SmtpRoute.model_validate(
        {
            "host": "localhost",
            "port": provider.server.port,
            "user_name": USER,
            "login": {"oauth": "provider"},
        }
    )
    login = described(provider.endpoint.url, **changes)
    center = ContactCenter(name="test", smtp_route=route, oauth=(login,))
    clock = outbound.backend.clock

    async def connect(route: SmtpRoute, proof: LoginProof) -> SmtpSession:
        deadlines = Deadlines(*[TEN] * 7)
        return await open_session(
            route, proof, hello_name="test.example", deadlines=deadlines, clock=clock
        )

    async def current() -> ContactCenter:
        return center

    async def chosen() -> SmtpRoute:
        return route

    pod = Pod(outbound.backend.database)
    logins = RouteLogins(connect, pod.keeper, current, environment or ENVIRONMENT)
    limits = PoolLimits(4, 100, timedelta(minutes=10), timedelta(seconds=30))
    async with aclosing(SmtpPool(logins.connect, limits, clock)) as pool:
        yield OAuthOutbound(
            outbound, provider, logins, outbound.another(pool=pool, route=chosen), route
        )


@pytest.fixture
async def oauth_outbound(outbound: Outbound, provider: Provider) -> AsyncIterator[OAuthOutbound]:
    async with running_oauth_outbound(outbound, provider) as running:
        yield running


async def test_mail_goes_out_by_token(oauth_outbound: OAuthOutbound) -> None:
    first, second = await oauth_outbound.delivered(), await oauth_outbound.delivered()

    assert (first.state, second.state) == (DeliveryState.SENT, DeliveryState.SENT)
    assert len(oauth_outbound.provider.endpoint.asked) == 1
    assert await oauth_outbound.gauge() == 0
    assert (await oauth_outbound.finding()).startswith(
        "ok   login provider of desk@demo.example: token"
    )


async def test_another_pod_uses_the_same_token(
    oauth_outbound: OAuthOutbound, outbound: Outbound, provider: Provider
) -> None:
    await oauth_outbound.delivered()

    async with running_oauth_outbound(outbound, provider) as another:
        assert (await another.delivered()).state is DeliveryState.SENT

    assert len(provider.endpoint.asked) == 1


async def test_a_token_of_four_kilobytes_is_shown(oauth_outbound: OAuthOutbound) -> None:
    oauth_outbound.provider.endpoint.suffix = "x" * 4000

    assert (await oauth_outbound.delivered()).state is DeliveryState.SENT


async def test_a_revoked_token_is_replaced_and_the_mail_goes_out(
    oauth_outbound: OAuthOutbound, outbound: Outbound, provider: Provider
) -> None:
    await oauth_outbound.delivered()
    provider.endpoint.revoke_all()

    async with running_oauth_outbound(outbound, provider) as fresh:
        mail = await fresh.delivered()

    assert mail.state is DeliveryState.SENT
    assert len(provider.endpoint.asked) == 2
    assert (
        await Pod(oauth_outbound.database).state(identity(described(provider.endpoint.url)))
    ).refusals == {}


async def test_an_expired_token_is_not_shown(
    oauth_outbound: OAuthOutbound, outbound: Outbound, provider: Provider
) -> None:
    await oauth_outbound.delivered()
    await let_pass(oauth_outbound.database, timedelta(hours=1))

    async with running_oauth_outbound(outbound, provider) as fresh:
        mail = await fresh.delivered()

    assert mail.state is DeliveryState.SENT
    assert provider.endpoint.introspected == ["token-1", "token-2"]


async def test_a_server_that_takes_no_token_is_left_alone(oauth_outbound: OAuthOutbound) -> None:
    endpoint = oauth_outbound.provider.endpoint
    endpoint.scope = "openid"  # what is not for sending mail

    told = [await oauth_outbound.refused() for _ in range(3)]

    assert len(endpoint.asked) == len(endpoint.introspected) == 2
    assert "refuses the login of desk@demo.example: 535" in told[0]
    assert told[0] == told[2]
    assert await oauth_outbound.gauge() == 1
    assert "mail waits: localhost refuses the login" in await oauth_outbound.finding()


async def test_a_server_that_takes_no_token_is_asked_once_in_fifteen_minutes(
    oauth_outbound: OAuthOutbound,
) -> None:
    endpoint = oauth_outbound.provider.endpoint
    endpoint.scope = "openid"
    mails = [await oauth_outbound.outbound.submit() for _ in range(4)]
    await asyncio.gather(*map(oauth_outbound.delivering.deliver, mails))
    asked = len(endpoint.introspected)

    await let_pass(oauth_outbound.database, QUARTER)
    oauth_outbound.outbound.later(timedelta(hours=1))
    await asyncio.gather(*map(oauth_outbound.delivering.deliver, mails))

    assert (asked, len(endpoint.introspected)) == (2, 3)
    assert await oauth_outbound.gauge() == 1


async def test_a_login_that_is_allowed_again_works_by_itself(oauth_outbound: OAuthOutbound) -> None:
    oauth_outbound.provider.endpoint.scope = "openid"
    mail = await oauth_outbound.delivered()
    before = await oauth_outbound.gauge()
    oauth_outbound.provider.endpoint.scope = "mail.send"

    await let_pass(oauth_outbound.database, QUARTER)
    oauth_outbound.outbound.later(timedelta(hours=1))
    await oauth_outbound.delivering.deliver(mail.id)

    assert (await oauth_outbound.outbound.journal(mail.id)).state is DeliveryState.SENT
    assert (before, await oauth_outbound.gauge()) == (1, 0)
    assert (await oauth_outbound.finding()).startswith("ok")


async def test_a_refusal_of_the_endpoint_opens_no_connection(oauth_outbound: OAuthOutbound) -> None:
    oauth_outbound.provider.endpoint.always = INVALID_SCOPE
    connections = oauth_outbound.provider.server.logins()

    told = [await oauth_outbound.refused() for _ in range(3)]

    assert oauth_outbound.provider.server.logins() == connections
    assert len(oauth_outbound.provider.endpoint.asked) == 1
    assert (
        told[0]
        == told[2]
        == (
            "ann@example.org: localhost cannot be logged in to (provider): "
            "the token endpoint answers 400: invalid_scope: no such scope"
        )
    )
    assert "refused since" in await oauth_outbound.finding()


async def test_refused_login_is_reported_without_any_mail(oauth_outbound: OAuthOutbound) -> None:
    oauth_outbound.provider.endpoint.always = INVALID_SCOPE

    assert await oauth_outbound.gauge() == 1


@pytest.mark.parametrize(
    "answer", [Answer(200, b"<html>"), Answer(429, b"", {"retry-after": "60"}), Answer(503, b"")]
)
async def test_an_odd_answer_only_delays_the_mail(
    oauth_outbound: OAuthOutbound, answer: Answer
) -> None:
    oauth_outbound.provider.endpoint.answers = [answer]
    mail = await oauth_outbound.delivered()
    before = mail.state
    alarm = await oauth_outbound.gauge()

    await let_pass(oauth_outbound.database, timedelta(seconds=61))
    oauth_outbound.outbound.later(timedelta(hours=1))
    await oauth_outbound.delivering.deliver(mail.id)

    assert before is DeliveryState.DEFERRED
    assert (alarm, await oauth_outbound.gauge()) == (1, 0)
    assert (await oauth_outbound.outbound.journal(mail.id)).state is DeliveryState.SENT


async def test_a_secret_that_is_not_set_is_named(outbound: Outbound, provider: Provider) -> None:
    async with running_oauth_outbound(outbound, provider, {"OTHER": "x"}) as oauth_outbound:
        told = await oauth_outbound.refused()

        assert "set OAUTH_SECRET in the environment" in told
        assert await oauth_outbound.gauge() == 1


async def test_no_secret_is_logged_or_stored(
    oauth_outbound: OAuthOutbound, capsys: pytest.CaptureFixture[str]
) -> None:
    oauth_outbound.provider.endpoint.scope = "openid"
    secret = ENVIRONMENT["OAUTH_SECRET"]
    echo = Answer.of(400, {"error": "invalid_client", "error_description": f"not {secret}"})

    await oauth_outbound.refused()
    await let_pass(oauth_outbound.database, QUARTER)
    oauth_outbound.provider.endpoint.always = echo
    await oauth_outbound.gauge()

    stored = [
        repr(await oauth_outbound.database[name].find().to_list())
        for name in await oauth_outbound.database.list_collection_names()
    ]
    shown = "".join([*stored, *capsys.readouterr()])
    assert "invalid_client: not [secret]" in shown
    assert secret not in shown
    assert "token-1" not in shown
