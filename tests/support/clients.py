"""An agent's REST client, and a customer who hands mail in by SMTP."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

import httpx2 as httpx

from deploy.local.stack.system import System

SCAN = bytes(range(256)) * 1_500
NOTE = "Grüße\r\nfrom a file".encode("iso-8859-1")


@dataclass(frozen=True)
class AgentClient:
    """An agent's REST calls."""

    client: httpx.AsyncClient

    async def set_channel(self, operation: str) -> None:
        answer = await self.client.post(
            "/api/v2/me/channels/email", json={"operationName": operation}
        )
        assert answer.json() == {"status": "ok", "statusCode": 0}

    async def post(self, interaction_id: str, operation: str, **body: Any) -> Mapping[str, Any]:
        answer = await self.client.post(
            f"/api/v2/me/interactions/{interaction_id}", json={"operationName": operation} | body
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/api/v2{path}")


@asynccontextmanager
async def rest_client(
    system: System, name: str, *, source: str = "127.0.0.1"
) -> AsyncIterator[AgentClient]:
    """Give the REST client of an agent of the demo, whose password is the name.

    Clients with different `source` addresses have different sessions.
    """
    async with httpx.AsyncClient(
        base_url=system.gateway_url,
        auth=(name, name),
        timeout=30,
        transport=httpx.AsyncHTTPTransport(local_address=source),
    ) as client:
        yield AgentClient(client)


def customer_mail(subject: str, **headers: str) -> bytes:
    """Return the octets of Ann's mail; of its two attachments one exceeds one document."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        "Ann <ann@example.org>",
        "support@demo.example",
        subject,
    )
    mail["Cc"] = "Bo <bo@example.org>"
    mail["Message-ID"] = f"<{subject.replace(' ', '-')}@example.org>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hello,\nhere is invoice 17.\n")
    mail.add_attachment(
        SCAN, maintype="image", subtype="tiff", filename="scan \N{EN DASH} page 1.tiff"
    )
    mail.add_attachment(NOTE, maintype="application", subtype="octet-stream", filename="note.bin")
    return mail.as_bytes(policy=policy.SMTP)


async def hand_in(mail: bytes, port: int, *, sender: str = "ann@example.org") -> None:
    """Hand a mail in by SMTP, as a stranger's server does."""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.sendmail(sender, ["support@demo.example"], mail)

    await asyncio.to_thread(send)
