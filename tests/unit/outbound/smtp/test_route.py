"""Which server takes our mail, and who is told the password for it."""

from datetime import timedelta

import pytest

from services.outbound.settings import OutboundSettings
from services.outbound.smtp.connection import LoginProof, RouteUnavailableError, open_session
from services.outbound.smtp.smtp_session import Deadlines
from shared.contracts.contact_center import ContactCenter, SmtpRoute
from tests.doubles.clock import MovableClock

SERVERS = {"RABBITMQ_URL": "amqp://here", "MONGODB_URL": "mongodb://here/mail"}
TEN = timedelta(seconds=10)
ROUTE = SmtpRoute(host="mail.example", user_name="desk", password_variable="SMTP_PASSWORD")


def settings(**chosen: str) -> OutboundSettings:
    return OutboundSettings.model_validate(SERVERS | chosen)


def test_the_route_of_the_contact_center_keeps_its_login() -> None:
    route = settings().route(ContactCenter(name="test", smtp_route=ROUTE))

    assert route == ROUTE


def test_replacing_server_gets_no_login() -> None:
    center = ContactCenter(name="test", smtp_route=ROUTE)

    route = settings(smtp_host="sink", smtp_tls="none").route(center)

    assert (route.host, route.tls) == ("sink", "none")
    assert (route.user_name, route.password_variable) == ("", "")


async def test_a_password_is_never_sent_in_the_clear() -> None:
    route = ROUTE.model_copy(update={"host": "127.0.0.1", "port": 1, "tls": "none"})

    with pytest.raises(RouteUnavailableError, match="without TLS"):
        await open_session(
            route,
            LoginProof(password="secret"),
            hello_name="test.example",
            deadlines=Deadlines(*[TEN] * 7),
            clock=MovableClock(),
        )
