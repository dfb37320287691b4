"""Multipart forms, split into chunks anywhere."""

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.errors import RequestError, Situation
from services.gateway.rest.uploads.multipart import MOST_PARTS, FormDigest, read_head, read_parts

FORM = "multipart/form-data; boundary=XYZ"


async def cut(body: bytes, *places: int) -> AsyncIterator[bytes]:
    ends = [0, *sorted(places), len(body)]
    for start, end in itertools.pairwise(ends):
        if start < end:
            yield body[start:end]


async def read(
    body: bytes, *places: int, content_type: str = FORM
) -> list[tuple[str, str | None, bytes]]:
    return [
        (part.head.name, part.head.file_name, b"".join([one async for one in part.content]))
        async for part in read_parts(content_type, cut(body, *places))
    ]


def form(*parts: tuple[str, bytes]) -> bytes:
    bodies = [
        b"--XYZ\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (said.encode(), content)
        for said, content in parts
    ]
    return b"".join([*bodies, b"--XYZ--\r\n"])


async def test_the_parts_come_in_their_order_with_their_octets() -> None:
    body = form(('name="a"', b"1"), ('name="attachment"; filename="x.bin"', b"\0\r\n--XY\r\n2"))

    assert await read(body) == [("a", None, b"1"), ("attachment", "x.bin", b"\0\r\n--XY\r\n2")]


@given(
    st.lists(st.binary(max_size=40).filter(lambda one: b"--XYZ" not in one), max_size=3),
    st.lists(st.integers(0, 400), max_size=6),
)
async def test_it_does_not_matter_where_a_form_is_cut(
    contents: list[bytes], places: list[int]
) -> None:
    body = form(*(('name="attachment"; filename="x"', one) for one in contents))

    parts = await read(body, *(place for place in places if place <= len(body)))

    assert [content for *_, content in parts] == contents


async def test_a_part_is_known_before_its_content_has_come() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--XYZ\r\nContent-Disposition: form-data; name="attachment"; filename="x"\r\n\r\nab'
        raise AssertionError("nobody asked for more")

    parts = read_parts(FORM, body())
    part = await anext(parts)

    assert part.head.file_name == "x"
    assert await anext(part.content) == b"ab"


async def test_form_of_countless_parts_is_refused() -> None:
    most = form(*[('name="a"', b"")] * MOST_PARTS)
    body = form(*[('name="a"', b"")] * (MOST_PARTS + 1))
    digest = FormDigest(FORM)

    with pytest.raises(RequestError) as refusal:
        await read(body, 1000)
    with pytest.raises(RequestError):
        digest.add(body)

    assert len(await read(most)) == MOST_PARTS
    assert refusal.value.situation is Situation.VALUE_REFUSED


async def test_unread_content_of_a_part_is_skipped() -> None:
    body = form(('name="a"', b"1" * 100), ('name="b"', b"2"))

    names = [part.head.name async for part in read_parts(FORM, cut(body))]

    assert names == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b"--XYZ",
        b"--XYZ\r\n",
        b'--XYZ\r\nContent-Disposition: form-data; name="a"\r\n\r\nends early',
        b'--ABC\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--ABC--\r\n',
        b"--XYZ\r\nno colon\r\n\r\n1\r\n--XYZ--\r\n",
        b"--XYZ\r\nA: " + b"x" * 20_000 + b"\r\n\r\n1\r\n--XYZ--\r\n",
        b"--XYZ\r\n" + b"A: b\r\n" * 100 + b"\r\n1\r\n--XYZ--\r\n",
    ],
)
async def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as refused:
        await read(body)

    assert refused.value.situation is Situation.VALUE_REFUSED


@pytest.mark.parametrize(
    ("content_type", "situation"),
    [
        ("", Situation.PARAMETER_MISSING),
        ("application/json", Situation.PARAMETER_MISSING),
        ("multipart/mixed; boundary=XYZ", Situation.PARAMETER_MISSING),
        ("multipart/form-data", Situation.VALUE_REFUSED),
        ("multipart/form-data; boundary=", Situation.VALUE_REFUSED),
        ("multipart/form-data; boundary=" + "x" * 300, Situation.VALUE_REFUSED),
    ],
)
async def test_body_that_is_no_form_is_refused(content_type: str, situation: Situation) -> None:
    with pytest.raises(RequestError) as refused:
        await read(form(), content_type=content_type)

    assert refused.value.situation is situation


@pytest.mark.parametrize(
    ("said", "file_name"),
    [
        ('filename="a.pdf"', "a.pdf"),
        ("filename=a.pdf", "a.pdf"),
        ('filename=""', ""),
        ('filename="Rechnung März.pdf"', "Rechnung März.pdf"),
        ('filename="say %22hi%22.txt"', 'say "hi".txt'),
        ('filename="100%25.txt"', "100%25.txt"),
        ('filename="a;b.txt"', "a;b.txt"),
        ("filename=\"x\"; filename*=UTF-8''M%C3%A4rz.pdf", "März.pdf"),
        ("filename*=utf-8''M%C3%A4rz.pdf", "März.pdf"),
    ],
)
def test_a_file_name_is_read_in_every_spelling(said: str, file_name: str) -> None:
    disposition = f'form-data; name="attachment"; {said}'

    assert read_head({"content-disposition": disposition.encode()}).file_name == file_name


def test_a_name_in_an_old_charset_is_readable() -> None:
    disposition = 'form-data; name="attachment"; filename="März.pdf"'.encode("latin-1")

    assert read_head({"content-disposition": disposition}).file_name == "März.pdf"


def test_a_part_says_its_type_and_content_id() -> None:
    head = read_head({"content-type": b"Image/PNG; x=y", "content-id": b"<logo@here>"})

    assert (head.name, head.file_name) == ("", None)
    assert (head.media_type, head.content_id) == ("image/png", "logo@here")
