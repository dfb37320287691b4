"""The HTML of a mail as pages: their headers, and signed addresses of their pictures."""

import re
from datetime import timedelta
from urllib.parse import urljoin

import httpx2
import pytest

from services.gateway.cluster.day_key_store import DayKeyStore
from services.gateway.rest.attachment_links import LIFETIME
from shared.domain.interaction import Attachment, Email, Interaction
from shared.mail.html.sanitizer import sanitise
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.support.gateway import Gateway, failure, running_gateway

pytestmark = pytest.mark.connected

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
SCRIPT = b"<script>alert(1)</script>"
PICTURE = Attachment("00009A8T8Y13002S", "logo.png", len(PNG), "image/png", "logo@example")
OTHER = Attachment("00009A8T8Y13002T", "other.png", len(PNG), "image/png", "other@example")
HTML = sanitise('<p style="color:red">Hello</p><img src="cid:logo@example">') or ""
MAIL = Email(subject="Logo", text="Hello", html=HTML, attachments=(PICTURE, OTHER))


async def mail_with_pictures(gateway: Gateway, content: bytes = PNG) -> Interaction:
    """Return a mail of agent1 with an inline picture and another one, of the same content."""
    mail = await gateway.accepted(mail=MAIL)
    database, clock = gateway.backend.database, gateway.backend.clock
    ref = await Vault(database, clock).put(content)
    await DocumentStore(database, clock).add(mail.id, [(PICTURE, ref), (OTHER, ref)])
    return mail


async def view(client: httpx2.AsyncClient, mail: Interaction, **query: str) -> httpx2.Response:
    """Return the view of a mail."""
    return await client.get(f"/api/v2/ucs/interactions/{mail.id}/view", params=query)


async def picture_address(client: httpx2.AsyncClient, mail: Interaction) -> str:
    """Return the signed address of the inline picture of a mail."""
    page = await view(client, mail)
    found = re.search(r'<img src="([^"]*)"', page.text)
    assert found is not None
    address: str = urljoin(str(page.url), found[1])
    return address


async def test_view_has_a_policy_under_which_nothing_runs(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    page = await view(agent1, await mail_with_pictures(gateway))

    policy = dict(
        one.strip().partition(" ")[::2]
        for one in page.headers["content-security-policy"].split(";")
    )
    assert policy == {
        "sandbox": "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    others = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    assert {name: page.headers[name] for name in others} == others


async def test_structured_text_has_a_policy_that_shows_styles(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await mail_with_pictures(gateway)

    page = await agent1.get(f"/api/v2/ucs/interactions/{mail.id}/structured_text")

    assert page.text == HTML
    assert page.headers["content-security-policy"] == (
        "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
    )


async def test_view_with_remote_allows_https_pictures(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    html = sanitise('<img src="https://a.example/b.png">') or ""
    mail = await gateway.accepted(mail=Email(html=html))

    closed, opened = await view(agent1, mail), await view(agent1, mail, remote="yes")

    assert 'src="data:,"' in closed.text
    assert 'src="https://a.example/b.png"' in opened.text
    assert "img-src 'self' data: https:;" in opened.headers["content-security-policy"]


async def test_odd_remote_is_refused(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    answer = await view(agent1, await mail_with_pictures(gateway), remote="perhaps")

    assert answer.status_code == 400
    assert failure(10, answer.json())


async def test_view_is_for_the_readers_of_the_mail(gateway: Gateway) -> None:
    mail = await mail_with_pictures(gateway)
    clients = [await gateway.client(name) for name in ("admin", "agent2", None)]

    answers = [await view(client, mail) for client in clients]

    assert [one.status_code for one in answers] == [200, 403, 401]


async def test_signed_address_opens_without_a_login(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    address = await picture_address(agent1, await mail_with_pictures(gateway))
    stranger = await gateway.client()

    answer = await stranger.get(address)
    head = await stranger.head(address)

    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "set-cookie" not in answer.headers
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PNG)))


async def test_signed_file_that_is_no_image_is_downloaded(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail = await mail_with_pictures(gateway, SCRIPT)

    answer = await (await gateway.client()).get(await picture_address(agent1, mail))

    assert answer.headers["content-disposition"].startswith("attachment")
    expected = {
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    assert {name: answer.headers[name] for name in expected} == expected


async def test_signature_is_for_one_attachment_of_one_mail(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    mail, other = await mail_with_pictures(gateway), await gateway.accepted(mail=MAIL)
    address = await picture_address(agent1, mail)
    stranger = await gateway.client()

    answers = [
        await stranger.get(address.replace(PICTURE.id, OTHER.id)),
        await stranger.get(address.replace(mail.id, other.id)),
        await stranger.get(re.sub(r"key=\d+", lambda found: f"{found[0]}0", address)),
        await stranger.get(address[:-1] + ("A" if address[-1] != "A" else "B")),
    ]

    assert [one.status_code for one in answers] == [403] * 4
    assert all(failure(5, one.json()) for one in answers)


@pytest.mark.parametrize("key", ["", "1", "1.x", f"{'9' * 12}.{'A' * 43}", f"0.{'é' * 43}", "\0"])
async def test_made_up_key_opens_nothing(gateway: Gateway, key: str) -> None:
    mail = await mail_with_pictures(gateway)
    address = f"/api/v2/me/interactions/{mail.id}/attachments/{PICTURE.id}"

    answer = await (await gateway.client()).get(address, params={"key": key})

    assert answer.status_code == 403


async def test_signed_address_is_for_reading_only(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    address = await picture_address(agent1, await mail_with_pictures(gateway))
    stranger = await gateway.client()

    answers = [await stranger.delete(address), await stranger.get(address.partition("?")[0])]

    assert [one.status_code for one in answers] == [401, 401]


async def test_signed_address_expires(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    address = await picture_address(agent1, await mail_with_pictures(gateway))
    stranger = await gateway.client()

    gateway.backend.clock.move(LIFETIME - timedelta(seconds=1))
    in_time = await stranger.get(address)
    gateway.backend.clock.move(timedelta(seconds=1))
    late = await stranger.get(address)

    assert (in_time.status_code, late.status_code) == (200, 403)


async def test_address_is_good_at_every_pod(gateway: Gateway, agent1: httpx2.AsyncClient) -> None:
    address = await picture_address(agent1, await mail_with_pictures(gateway))

    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url
    ) as another:
        answer = await (await another.client()).get(address.replace(gateway.url, another.url))

    assert (answer.status_code, answer.content) == (200, PNG)


async def test_every_pod_gets_the_key_that_the_first_has_made(gateway: Gateway) -> None:
    day = gateway.backend.clock.now().date() + timedelta(days=1)
    backend = gateway.backend
    first, second = (DayKeyStore(backend.database, backend.clock) for _ in range(2))

    keys = [await first.get_or_create(day), await second.get_or_create(day), await second.find(day)]

    assert len(set(keys)) == 1
    assert len(keys[0] or b"") == 32
    assert await first.find(day + timedelta(days=1)) is None
