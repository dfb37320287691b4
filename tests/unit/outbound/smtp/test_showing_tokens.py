"""How a token is shown to a server, and what its answers mean."""

import base64
from dataclasses import dataclass, field

import pytest
from aiosmtplib import SMTPResponse

from services.outbound.smtp.connection import RouteUnavailableError, show_token
from shared.contracts.contact_center import SmtpRoute
from shared.logins.oauth_logins import TokenRejectedError

ROUTE = SmtpRoute(host="mail.example", user_name="desk@demo.example")
ERROR = base64.b64encode(b'{"status":"401"}').decode()


@dataclass
class Server:
    """Answers what it is told to, and keeps what it was sent."""

    answers: list[tuple[int, str]]
    server_auth_methods: list[str] = field(default_factory=lambda: ["PLAIN", "XOAUTH2"])
    sent: list[bytes] = field(default_factory=list)

    async def execute_command(self, *words: bytes) -> SMTPResponse:
        self.sent.append(b" ".join(words))
        return SMTPResponse(*self.answers.pop(0))


async def show(server: Server, token: str) -> None:
    await show_token(server, ROUTE, token)  # type: ignore[arg-type]


async def test_a_short_token_goes_with_the_command() -> None:
    server = Server([(235, "welcome")])

    await show(server, "token-1")

    (line,) = server.sent
    shown = base64.b64decode(line.removeprefix(b"AUTH XOAUTH2 "))
    assert shown == b"user=desk@demo.example\x01auth=Bearer token-1\x01\x01"


async def test_a_long_token_goes_on_a_line_of_its_own() -> None:
    server = Server([(334, ""), (235, "welcome")])

    await show(server, "x" * 2000)

    assert server.sent[0] == b"AUTH XOAUTH2"
    assert len(server.sent[1]) > 2000


async def test_an_error_in_json_is_answered_by_an_empty_line() -> None:
    server = Server([(334, ERROR), (535, "5.7.3 no")])

    with pytest.raises(TokenRejectedError, match=r"mail\.example refuses .*: 535 5\.7\.3 no"):
        await show(server, "token-1")

    assert server.sent[1:] == [b""]


@pytest.mark.parametrize("answer", [(454, "4.7.0 later"), (421, "bye"), (334, ERROR)])
async def test_temporary_refusal_does_not_reject_the_token(answer: tuple[int, str]) -> None:
    with pytest.raises(RouteUnavailableError):
        await show(Server([answer, answer]), "token-1")


async def test_server_without_xoauth2_gets_no_token() -> None:
    server = Server([], server_auth_methods=["PLAIN"])

    with pytest.raises(RouteUnavailableError, match="takes no tokens"):
        await show(server, "token-1")

    assert server.sent == []


async def test_a_server_that_repeats_the_token_is_not_quoted() -> None:
    shown = base64.b64encode(b"user=desk@demo.example\x01auth=Bearer token-1\x01\x01").decode()
    server = Server([(535, f"no token-1, no {shown}")])

    with pytest.raises(TokenRejectedError) as caught:
        await show(server, "token-1")

    assert "535 no [token], no [token]" in str(caught.value)
