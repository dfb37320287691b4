"""A mail server that refuses a login says nothing about another server with the same login."""

from collections import Counter
from datetime import timedelta
from typing import cast

import pytest

from services.outbound.route_login import RouteLogins
from services.outbound.smtp.connection import LoginProof, RouteUnavailableError
from services.outbound.smtp.smtp_session import SmtpSession
from shared.contracts.contact_center import ContactCenter, SmtpRoute
from shared.contracts.oauth import MailServer
from shared.logins.oauth_logins import TokenRejectedError
from shared.storage.database.client import Database
from tests.connected.outbound.pods import ENVIRONMENT, USER, Pod, described, identity, let_pass
from tests.doubles.token_endpoint import TokenEndpoint

pytestmark = pytest.mark.connected


def route_to(host: str) -> SmtpRoute:
    """Return a route by the one login there is."""
    return SmtpRoute.model_validate(
        {"host": host, "port": 587, "user_name": USER, "login": {"oauth": "provider"}}
    )


BAD, GOOD = route_to("bad.example"), route_to("good.example")


class Servers:
    """Two mail servers: `bad.example` refuses every token, `good.example` takes it."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()

    async def open_session(self, route: SmtpRoute, proof: LoginProof) -> SmtpSession:
        self.tried[route.host] += 1
        if route == BAD:
            raise TokenRejectedError("535 SMTP AUTH is disabled")
        return cast("SmtpSession", proof.token)


@pytest.fixture
def servers() -> Servers:
    return Servers()


@pytest.fixture
def logins(servers: Servers, opened: Database, endpoint: TokenEndpoint) -> RouteLogins:
    center = ContactCenter(name="test", smtp_route=BAD, oauth=(described(endpoint.url),))

    async def current() -> ContactCenter:
        return center

    return RouteLogins(servers.open_session, Pod(opened).keeper, current, ENVIRONMENT)


async def refused(logins: RouteLogins) -> None:
    with pytest.raises(RouteUnavailableError, match="SMTP AUTH is disabled"):
        await logins.connect(BAD)


async def test_server_that_refuses_leaves_the_login_to_another(
    logins: RouteLogins, servers: Servers
) -> None:
    await refused(logins)

    assert str(await logins.connect(GOOD)) == "token-2"
    assert servers.tried == {"bad.example": 2, "good.example": 1}


async def test_server_that_takes_a_token_clears_no_other_refusal(
    logins: RouteLogins, servers: Servers, endpoint: TokenEndpoint, opened: Database
) -> None:
    await refused(logins)

    for _ in range(3):
        await logins.connect(GOOD)
        await refused(logins)
    before = servers.tried["bad.example"], len(endpoint.asked)
    await let_pass(opened, timedelta(minutes=16))
    await refused(logins)

    assert before == (2, 2)
    assert servers.tried["bad.example"] == 3


async def test_refusals_of_the_latest_sixteen_servers_are_kept(
    opened: Database, endpoint: TokenEndpoint
) -> None:
    pod = Pod(opened)
    many = [MailServer("imap", f"$HOST-{number}", 993) for number in range(20)]

    for server in many:
        who = identity(described(endpoint.url), server=server)
        await pod.keeper().reject(who, await pod.keeper().current(who), "$refused")

    refusals = (await pod.state(who)).refusals
    assert list(refusals) == many[4:]
    assert {one.fault for one in refusals.values()} == {"$refused"}
    assert MailServer("imap", "$host-19", 993) in refusals
