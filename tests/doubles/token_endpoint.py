"""A token endpoint that answers as a test sets it, and introspects tokens for Dovecot."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

SCOPE = "mail.send"


@dataclass(frozen=True)
class Answer:
    """The answer to one request for a token."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, fields: Mapping[str, Any], **headers: str) -> "Answer":
        return cls(status, json.dumps(fields).encode(), headers)


@dataclass
class TokenEndpoint:
    """Gives a new token each time, unless `answers` has another answer first.

    `known` are the tokens that introspection (RFC 7662) calls active, with their scope.
    """

    port: int = 0
    scope: str = SCOPE
    expires_in: object = 3600
    suffix: str = ""
    answers: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    introspected: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    user_name: str = "desk@demo.example"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def revoke_all(self) -> None:
        self.known.clear()

    def answer(self, path: str, form: dict[str, str]) -> Answer:
        if path == "/introspect":
            return self._introspected(form.get("token", ""))
        self.asked.append(form)
        if self.answers:
            return self.answers.pop(0)
        return self.always or self._granted()

    def _granted(self) -> Answer:
        token = f"token-{len(self.asked)}{self.suffix}"
        self.known[token] = self.scope
        fields = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        return Answer.of(200, fields)

    def _introspected(self, token: str) -> Answer:
        self.introspected.append(token)
        if token not in self.known:
            return Answer.of(200, {"active": False})
        fields = {"active": True, "username": self.user_name, "scope": self.known[token]}
        return Answer.of(200, fields)


@asynccontextmanager
async def running_endpoint() -> AsyncIterator[TokenEndpoint]:
    """Give an endpoint on a free port."""
    endpoint = TokenEndpoint()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            found = endpoint.answer(lines[0].split()[1], dict(parse_qsl(body.decode())))
            told = {"content-type": "application/json", "connection": "close", **found.headers}
            told["content-length"] = str(len(found.body))
            shown = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            writer.write(f"HTTP/1.1 {found.status} said\r\n{shown}\r\n".encode() + found.body)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
