"""Downloads: ranges, known versions, images in pages."""

import httpx2
import pytest

from shared.domain.interaction import Attachment, Email, Interaction
from shared.storage.files.document_store import DocumentStore
from shared.storage.files.vault import Vault
from tests.support.gateway import Gateway, failure

pytestmark = pytest.mark.connected

LARGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3_000
SMALL = b"<html onload=alert(1)>"


async def stored(gateway: Gateway, content: bytes, media_type: str = "image/png") -> str:
    """Return the address of a document of agent1's mail."""
    document = Attachment("00009A8T8Y13002S", "picture.png", len(content), media_type)
    mail: Interaction = await gateway.accepted(mail=Email(attachments=(document,)))
    database, clock = gateway.backend.database, gateway.backend.clock
    ref = await Vault(database, clock).put(content)
    await DocumentStore(database, clock).add(mail.id, [(document, ref)])
    return f"/api/v2/me/interactions/{mail.id}/attachments/{document.id}"


@pytest.mark.parametrize("content", [LARGE, SMALL])
@pytest.mark.parametrize(("first", "last"), [(0, 0), (5, 9), (0, 21), (20, 21)])
async def test_a_range_is_those_bytes(
    gateway: Gateway, agent1: httpx2.AsyncClient, content: bytes, first: int, last: int
) -> None:
    url = await stored(gateway, content)

    answer = await agent1.get(url, headers={"Range": f"bytes={first}-{last}"})

    assert (answer.status_code, answer.content) == (206, content[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize(
    ("first", "last"), [(261_119, 261_121), (261_120, 522_239), (500_000, 768_007)]
)
async def test_a_range_may_lie_across_the_pieces_that_are_stored(
    gateway: Gateway, agent1: httpx2.AsyncClient, first: int, last: int
) -> None:
    url = await stored(gateway, LARGE)

    answer = await agent1.get(url, headers={"Range": f"bytes={first}-{last}"})

    assert answer.content == LARGE[first : last + 1]


async def test_a_broken_download_goes_on_where_it_ended(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, LARGE)
    whole = await agent1.get(url)

    rest = await agent1.get(
        url, headers={"Range": "bytes=400000-", "If-Range": whole.headers["etag"]}
    )

    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.content[:400_000] + rest.content == LARGE


async def test_a_range_behind_the_end_is_refused(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, SMALL)

    answer = await agent1.get(url, headers={"Range": "bytes=22-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */22")
    assert failure(10, answer.json())


async def test_known_version_is_not_sent_again(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, SMALL)
    tag = (await agent1.get(url)).headers["etag"]

    answer = await agent1.get(url, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


async def test_the_head_tells_the_size_without_the_bytes(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, LARGE)

    answer = await agent1.head(url)

    assert (answer.content, answer.headers["content-length"]) == (b"", str(len(LARGE)))


async def test_an_image_that_is_one_may_be_shown(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, LARGE, "text/html")

    answer = await agent1.get(f"{url}?disposition=inline")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")


async def test_file_that_only_claims_to_be_an_image_is_downloaded(
    gateway: Gateway, agent1: httpx2.AsyncClient
) -> None:
    url = await stored(gateway, SMALL, "image/svg+xml")

    answer = await agent1.get(f"{url}?disposition=inline")

    assert answer.headers["content-disposition"].startswith("attachment")
    expected = {
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-store",
    }
    assert {name: answer.headers[name] for name in expected} == expected
