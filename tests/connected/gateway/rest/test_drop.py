"""Mail by HTTP: which mail is taken from whom, what is stored of it, and what is refused how."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from shared.contracts.contact_center import Drop, Mailbox, Token
from shared.contracts.flood import FloodRules
from shared.domain.errors import Unavailable
from shared.domain.mail_envelope import Way
from shared.intake.flood_bounds import counted_under, sender_bounds
from shared.storage.files.vault import IN_ONE_DOCUMENT
from shared.storage.mails import arrival_store
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.arrival_store import Arrival, ArrivalStore
from tests.support.backend import CENTER
from tests.support.gateway import Gateway, failure, running_gateway
from tests.support.ingest import MAIL, make_arrivals

pytestmark = pytest.mark.connected

TOKEN, OTHER = "secret-of-the-form", "secret-of-another"
DESCRIBED = CENTER.model_copy(
    update={
        "tokens": tuple(
            Token(name=name, sha256=sha256(secret.encode()).hexdigest())
            for name, secret in (("web-form", TOKEN), ("other", OTHER))
        ),
        "mailboxes": (
            Mailbox(
                address="support@demo.example",
                queue="support",
                aliases=("help@demo.example",),
                drop=Drop(tokens=("web-form",)),
            ),
            Mailbox(address="sales@demo.example", queue="sales", drop=Drop(tokens=("other",))),
        ),
    }
)
PATH = "/api/v2/ingest/support@demo.example"
LARGE = MAIL + b"0123456789abcde\n" * (IN_ONE_DOCUMENT // 8)
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
FORM = HEADERS | {"Content-Type": "multipart/form-data; boundary=XYZ"}
PART = b'--XYZ\r\nContent-Disposition: form-data; name="mail"; filename="mail.eml"\r\n\r\n'
END = b"\r\n--XYZ--\r\n"


@pytest.fixture
async def form(gateway: Gateway) -> httpx2.AsyncClient:
    """A program with a token for support@demo.example."""
    await gateway.describe(DESCRIBED)
    await gateway.backend.database[arrival_store.COLLECTION].delete_many({})
    return await gateway.client(headers=HEADERS)


async def stored(gateway: Gateway) -> list[Arrival]:
    arrivals = make_arrivals(gateway.backend)
    found = gateway.backend.database[arrival_store.COLLECTION].find({}, {"_id": 1})
    return [await arrivals.get(one["_id"]) async for one in found]


async def pieces(raw: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), 60_000):
        yield raw[at : at + 60_000]


async def test_mail_is_stored_and_its_parsing_commanded(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    answer = await form.post(PATH, content=MAIL, headers={"X-Envelope-From": "bob@example.org"})

    (arrival,) = await stored(gateway)
    assert answer.status_code == 202
    assert answer.json() == {"statusCode": 0, "arrivalId": arrival.id}
    assert (arrival.way, arrival.sender) == (Way.HTTP, "bob@example.org")
    assert (arrival.mailboxes, arrival.peer) == (("support@demo.example",), "127.0.0.1")
    assert arrival.raw.startswith(
        b"Return-Path: <bob@example.org>\r\nReceived: from web-form ([127.0.0.1])\r\n"
        b"\tby mailroom with HTTP\r\n"
    )
    assert arrival.raw.endswith(b"\r\n" + MAIL)
    command = await gateway.command()
    assert (command["type"], command["arrival_id"]) == ("parse-mail", arrival.id)


async def test_mail_of_a_flood_is_to_come_in_the_next_hour(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    flood, now = FloodRules(mailbox=1, then="defer"), gateway.backend.clock.now()
    await gateway.describe(DESCRIBED.model_copy(update={"flood": flood}))
    (bound,) = sender_bounds(flood, "", is_proven=False)
    name = counted_under("support@demo.example", bound, now)
    allowances = AllowanceStore(gateway.backend.database)
    await allowances.admit(name, "one", most=1, until=now + timedelta(hours=1))

    answer = await form.post(PATH, content=MAIL, headers={"Idempotency-Key": "one"})

    assert (answer.status_code, answer.json()["statusCode"]) == (429, 4)
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert await stored(gateway) == []


@pytest.mark.parametrize("content", [LARGE, pieces(LARGE)], ids=["whole", "chunked"])
async def test_large_mail_is_stored_octet_for_octet(
    gateway: Gateway, form: httpx2.AsyncClient, content: Any
) -> None:
    assert (await form.post(PATH, content=content)).status_code == 202

    (arrival,) = await stored(gateway)
    assert arrival.raw.endswith(b"\r\n" + LARGE)


async def test_mail_in_a_form_is_stored_octet_for_octet(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    field = b'--XYZ\r\nContent-Disposition: form-data; name="note"\r\n\r\nnothing\r\n'
    for raw in (MAIL, LARGE):
        answer = await form.post(PATH, content=field + PART + raw + END, headers=FORM)
        assert answer.status_code == 202

    assert {one.raw.rpartition(b"+0000\r\n")[2] for one in await stored(gateway)} == {MAIL, LARGE}


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ({"X-Envelope-From": "<>"}, ""),
        ({"X-Envelope-From": ""}, ""),
        ({"X-Envelope-From": "<bob@example.org>"}, "bob@example.org"),
        ({"X-Envelope-From": "jörg@example.org".encode()}, "jörg@example.org"),
        ({}, "ann@example.org"),
    ],
    ids=["null", "empty", "brackets", "beyond ASCII", "none"],
)
async def test_sender_is_that_of_the_envelope_or_else_of_the_mail(
    gateway: Gateway, form: httpx2.AsyncClient, given: dict[str, Any], sender: str
) -> None:
    assert (await form.post(PATH, content=MAIL, headers=given)).status_code == 202

    assert [one.sender for one in await stored(gateway)] == [sender]


async def test_tag_and_alias_are_the_mailbox(gateway: Gateway, form: httpx2.AsyncClient) -> None:
    answer = await form.post("/ingest/help%2Bspring@DEMO.example", content=MAIL)

    (arrival,) = await stored(gateway)
    assert answer.status_code == 202
    assert arrival.mailboxes == ("support@demo.example",)
    assert arrival.recipients == ("help+spring@DEMO.example",)


@pytest.mark.parametrize(
    "given",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer " + sha256(TOKEN.encode()).hexdigest()},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Basic YWdlbnQxOmFnZW50MQ=="},
    ],
)
async def test_without_a_known_token_nothing_is_taken(
    gateway: Gateway, form: httpx2.AsyncClient, given: dict[str, str]
) -> None:
    answer = await form.post(PATH, content=MAIL, headers=given)

    assert answer.status_code == 401
    assert failure(20, answer.json())
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await stored(gateway) == []


@pytest.mark.parametrize(
    ("token", "mailbox", "status"),
    [
        (OTHER, "support@demo.example", 403),
        (TOKEN, "sales@demo.example", 403),
        (TOKEN, "nobody@demo.example", 404),
        (TOKEN, "support@demo.example/more", 404),
        (TOKEN, "%00", 404),
    ],
)
async def test_token_is_for_its_mailbox_only(
    gateway: Gateway, form: httpx2.AsyncClient, token: str, mailbox: str, status: int
) -> None:
    authorization = {"Authorization": f"Bearer {token}"}

    answer = await form.post(f"/api/v2/ingest/{mailbox}", content=MAIL, headers=authorization)

    assert answer.status_code == status
    assert await stored(gateway) == []


async def test_token_opens_nothing_else(form: httpx2.AsyncClient) -> None:
    assert (await form.get("/api/v2/me")).status_code == 401
    assert (await form.get(PATH)).status_code == 405


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (b"", {}),
        (b"hello", {}),
        (b"hello\r\nworld: x\r\n", {}),
        (b"\r\nFrom: ann@example.org\r\n\r\nx", {}),
        (b"x" * 100_000, {}),
        (MAIL, {"Content-Type": "application/x-www-form-urlencoded"}),
        (MAIL, {"Content-Type": ""}),
        (MAIL, {"Content-Type": "multipart/form-data"}),
        (MAIL, {"X-Envelope-From": "two words"}),
        (MAIL, {"X-Envelope-From": "a@b\tc"}),
        (MAIL, {"X-Envelope-From": "x" * 1_000 + "@y"}),
        (MAIL, {"X-Envelope-From": b"\xff@example.org"}),
        (MAIL, {"X-Envelope-From": "a\N{ZERO WIDTH SPACE}@example.org".encode()}),
        (MAIL, [("X-Envelope-From", "<>"), ("X-Envelope-From", "a@example.org")]),
        (MAIL, {"Idempotency-Key": ""}),
        (MAIL, {"Idempotency-Key": "x" * 256}),
        (b"Received: from a by b\r\n" * 101 + MAIL, {}),
    ],
)
async def test_body_that_is_no_mail_is_refused(
    gateway: Gateway, form: httpx2.AsyncClient, content: bytes, given: Any
) -> None:
    answer = await form.post(PATH, content=content, headers=given)

    assert answer.status_code == 400
    assert answer.json()["statusMessage"]
    assert await stored(gateway) == []


@pytest.mark.parametrize("raw", [MAIL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PART, b""),
        (PART, b"\r\n--XYZ"),
        (PART, b"\r\n" + PART + MAIL + END),
        (PART.replace(b'"mail"', b'"attachment"'), END),
        (b"", END),
    ],
    ids=["cut", "without end", "twice", "another part", "no part"],
)
async def test_form_without_one_whole_mail_is_refused(
    gateway: Gateway, form: httpx2.AsyncClient, raw: bytes, before: bytes, after: bytes
) -> None:
    answer = await form.post(PATH, content=before + raw + after, headers=FORM)

    assert answer.status_code == 400
    assert await stored(gateway) == []


@asynccontextmanager
async def connected(
    gateway: Gateway,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a bare connection to a gateway; what is read from it comes in time."""
    parts = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()


async def raw_answer(gateway: Gateway, sent: bytes) -> bytes:
    """Send octets, say that nothing follows, and return all that comes back."""
    async with connected(gateway) as (reader, writer):
        writer.write(sent)
        writer.write_eof()
        return await reader.read()


def head(*lines: str) -> bytes:
    first = f"POST {PATH} HTTP/1.1"
    given = (f"{name}: {value}" for name, value in HEADERS.items())
    return "\r\n".join([first, "Host: 127.0.0.1", *given, *lines, "", ""]).encode()


@pytest.mark.parametrize("raw", [MAIL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kind", ["chunked", "length"])
async def test_mail_that_is_cut_is_not_stored(
    gateway: Gateway, form: httpx2.AsyncClient, kind: str, raw: bytes
) -> None:
    assert form is not None
    if kind == "chunked":
        sent = head("Transfer-Encoding: chunked") + f"{len(raw):x}\r\n".encode() + raw + b"\r\n"
    else:
        sent = head(f"Content-Length: {len(raw) + 1}") + raw

    heard = await raw_answer(gateway, sent)

    assert b" 202 " not in heard
    assert await stored(gateway) == []


async def test_two_lengths_are_refused(gateway: Gateway, form: httpx2.AsyncClient) -> None:
    assert form is not None

    heard = await raw_answer(gateway, head("Content-Length: 10", "Content-Length: 12") + MAIL)

    assert heard.startswith(b"HTTP/1.1 400 ")
    assert await stored(gateway) == []


async def test_too_large_is_refused_when_it_is_announced(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    assert form is not None

    async with connected(gateway) as (reader, writer):
        writer.write(head("Content-Length: 50000001"))
        heard = await reader.readline()

    assert heard.startswith(b"HTTP/1.1 413 ")


async def test_limits_of_a_pod_are_kept(gateway: Gateway, form: httpx2.AsyncClient) -> None:
    options = {"largest_mail": "1000000", "drops_at_once": "1", "upload_stall": "PT1S"}
    exact, over = MAIL.ljust(1_000_000, b"x"), MAIL.ljust(1_000_001, b"x")
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, **options
    ) as small:
        client = await small.client(headers=HEADERS)
        async with connected(small) as (reader, writer):
            writer.write(head("Transfer-Encoding: chunked", "Expect: 100-continue"))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            crowded = await client.post(PATH, content=MAIL)
            stopped = await reader.readline()
        taken = [
            (await client.post(PATH, content=content, headers=given)).status_code
            for content, given in (
                (pieces(exact), HEADERS),
                (pieces(over), HEADERS),
                (PART + exact + END, FORM),
                (PART + over + END, FORM),
            )
        ]

    assert form is not None
    assert (crowded.status_code, crowded.headers["retry-after"]) == (429, "1")
    assert stopped.startswith(b"HTTP/1.1 408 ")
    assert taken == [202, 413, 202, 413]
    assert len(await stored(gateway)) == 2


async def test_token_leaves_room_to_the_others(gateway: Gateway, form: httpx2.AsyncClient) -> None:
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, drops_at_once_per_token="1"
    ) as shared:
        client = await shared.client(headers=HEADERS)
        async with connected(shared) as (reader, writer):
            writer.write(head("Transfer-Encoding: chunked", "Expect: 100-continue"))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            crowded = await client.post(PATH, content=MAIL)
            other = await client.post(
                "/api/v2/ingest/sales@demo.example",
                content=MAIL,
                headers={"Authorization": f"Bearer {OTHER}"},
            )

    assert form is not None
    assert (crowded.status_code, crowded.headers["retry-after"]) == (429, "1")
    assert "a token may hand in 1 mails" in crowded.json()["statusMessage"]
    assert other.status_code == 202


async def test_slow_mails_of_one_token_make_room_for_another(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, drops_at_once="2"
    ) as shared:
        client = await shared.client(headers={"Authorization": f"Bearer {OTHER}"})
        async with connected(shared) as (reader, writer), connected(shared) as (second, more):
            for heard, said in ((reader, writer), (second, more)):
                said.write(head("Transfer-Encoding: chunked", "Expect: 100-continue"))
                assert await heard.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            taken = await client.post(
                "/api/v2/ingest/sales@demo.example",
                content=MAIL,
                headers={"Content-Type": "message/rfc822"},
            )
            waiting = {asyncio.create_task(one.readline()) for one in (reader, second)}
            ended, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in still:
                one.cancel()

    assert form is not None
    assert taken.status_code == 202
    assert [one.result()[:13] for one in ended] == [b"HTTP/1.1 429 "]
    assert len(await stored(gateway)) == 1


async def test_token_that_is_too_fast_is_told_when_to_come_again(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, drops_per_token="2"
    ) as slow:
        client = await slow.client(headers=HEADERS)
        answers = [await client.post(PATH, content=MAIL) for _ in range(3)]

    assert form is not None
    assert [one.status_code for one in answers] == [202, 202, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 30
    assert len(await stored(gateway)) == 2


async def test_repeated_key_stores_one_mail(gateway: Gateway, form: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "form-4711"}

    first = await form.post(PATH, content=MAIL, headers=key)
    second = await form.post(PATH, content=MAIL, headers=key)
    other = await form.post(PATH, content=MAIL + b"more", headers=key)

    assert (first.status_code, second.status_code, other.status_code) == (202, 202, 422)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert [one.id for one in await stored(gateway)] == [first.json()["arrivalId"]]


@pytest.mark.parametrize("raw", [MAIL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kind", ["chunked", "length"])
async def test_key_of_another_mail_of_the_same_length_is_refused(
    gateway: Gateway, form: httpx2.AsyncClient, raw: bytes, kind: str
) -> None:
    def content(mail: bytes) -> Any:
        return pieces(mail) if kind == "chunked" else mail

    key = {"Idempotency-Key": f"same-length-{kind}-{len(raw)}"}
    first = await form.post(PATH, content=content(raw), headers=key)

    other = await form.post(PATH, content=content(raw[:-1] + b"!"), headers=key)
    again = await form.post(PATH, content=content(raw), headers=key)

    assert (first.status_code, other.status_code, again.status_code) == (202, 422, 202)
    assert again.json() == first.json()
    assert len(await stored(gateway)) == 1


async def test_repetition_as_a_form_or_in_chunks_is_the_same_mail(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    key = {"Idempotency-Key": "another-transfer"}

    answers = [
        await form.post(PATH, content=content, headers=given | key)
        for content, given in (
            (MAIL, HEADERS),
            (pieces(MAIL), HEADERS),
            (PART + MAIL + END, FORM),
        )
    ]

    assert [one.status_code for one in answers] == [202, 202, 202]
    assert len(await stored(gateway)) == 1


@pytest.mark.parametrize("raw", [MAIL, LARGE], ids=["small", "large"])
async def test_key_whose_answer_was_lost_stores_one_mail(
    gateway: Gateway, form: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    key = {"Idempotency-Key": f"lost-{len(raw)}"}
    name = "add" if raw is MAIL else "add_stream"
    really = getattr(ArrivalStore, name)

    async def store_and_fail(*given: Any, **named: Any) -> str:
        await really(*given, **named)
        raise Unavailable("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(ArrivalStore, name, store_and_fail)
        assert (await form.post(PATH, content=raw, headers=key)).status_code == 503
    other = await form.post(PATH, content=raw[:-1] + b"!", headers=key)
    second = await form.post(PATH, content=raw, headers=key)

    assert other.status_code == 422
    assert second.status_code == 202
    assert [one.id for one in await stored(gateway)] == [second.json()["arrivalId"]]


async def test_key_in_use_is_answered_later(
    gateway: Gateway, form: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, begun, going_on = {"Idempotency-Key": "slow"}, asyncio.Event(), asyncio.Event()
    really = ArrivalStore.add

    async def wait(*given: Any, **named: Any) -> str:
        begun.set()
        await going_on.wait()
        return await really(*given, **named)

    monkeypatch.setattr(ArrivalStore, "add", wait)
    first = asyncio.create_task(form.post(PATH, content=MAIL, headers=key))
    await begun.wait()
    second = await form.post(PATH, content=MAIL, headers=key)
    gateway.backend.clock.move(timedelta(minutes=2))
    going_on.set()
    third = await form.post(PATH, content=MAIL, headers=key)

    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert (await first).json() == third.json()
    assert len(await stored(gateway)) == 1


async def test_failure_has_its_status_where_agents_get_200(
    gateway: Gateway, form: httpx2.AsyncClient
) -> None:
    async with running_gateway(
        gateway.backend, gateway.broker_url, gateway.database_url, http_errors="always-200"
    ) as lenient:
        client = await lenient.client(headers=HEADERS)

        answer = await client.post("/api/v2/ingest/nobody@demo.example", content=MAIL)

    assert form is not None
    assert answer.status_code == 404
