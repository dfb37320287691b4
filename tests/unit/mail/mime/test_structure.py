"""The MIME tree of a mail, and its limits."""

import pytest

from shared.mail.limits import Limits, UnparsableMailError
from shared.mail.mime.structure import read_structure
from tests.unit.mail.mails import mail, multipart, part, whole


def kinds(raw: bytes) -> list[str]:
    return [leaf.media_type for leaf in read_structure(raw).leaves]


def contents(raw: bytes) -> list[bytes]:
    return [leaf.content() for leaf in read_structure(raw).leaves]


def test_parts_come_in_order_with_their_octets() -> None:
    inner = multipart(b"alternative", part(b"text/plain", b"b"), part(b"text/html", b"c")).replace(
        b"edge", b"inner"
    )
    raw = whole(multipart(b"mixed", part(b"text/plain", b"a"), inner, part(b"image/png", b"d")))

    assert kinds(raw) == ["text/plain", "text/plain", "text/html", "image/png"]
    assert contents(raw) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_every_kind_of_line_end_separates(line_end: bytes) -> None:
    raw = whole(multipart(b"mixed", part(b"text/plain", b"a"), part(b"text/plain", b"b")))

    assert contents(raw.replace(b"\r\n", line_end)) == [b"a", b"b"]


def test_a_boundary_that_starts_like_another_is_not_that_other() -> None:
    raw = whole(multipart(b"mixed", part(b"text/plain", b"--edges\r\n--edge2\r\nx --edge")))

    assert contents(raw) == [b"--edges\r\n--edge2\r\nx --edge"]


def test_preamble_and_epilogue_are_no_parts() -> None:
    raw = mail(
        b"Content-Type: multipart/mixed; boundary=edge\r\n",
        b"before\r\n--edge\r\n\r\ntext\r\n--edge--\r\nafter",
    )

    assert contents(raw) == [b"text"]


def test_a_missing_close_delimiter_ends_with_the_mail() -> None:
    raw = whole(multipart(b"mixed", part(b"text/plain", b"a"))).replace(b"--edge--\r\n", b"")

    assert contents(raw) == [b"a\r\n"]


def test_a_multipart_without_its_boundary_finds_it_in_the_text() -> None:
    raw = whole(multipart(b"mixed", part(b"text/plain", b"a"), part(b"text/plain", b"b")))

    assert contents(raw.replace(b'; boundary="edge"', b"")) == [b"a", b"b"]


def test_a_multipart_without_parts_is_text() -> None:
    structure = read_structure(mail(b"Content-Type: multipart/mixed; boundary=edge\r\n", b"text"))

    assert [leaf.media_type for leaf in structure.leaves] == ["text/plain"]
    assert structure.warnings == {"missing-boundary"}


def test_an_encoded_multipart_is_read_behind_its_encoding() -> None:
    raw = mail(
        b"Content-Type: multipart/mixed; boundary=edge\r\nContent-Transfer-Encoding: base64\r\n",
        b"LS1lZGdlDQoNCmhlbGxvDQotLWVkZ2UtLQ0K",
    )

    assert contents(raw) == [b"hello"]


def test_a_forwarded_mail_stays_whole_byte_for_byte() -> None:
    forwarded = b"Subject:  odd   blanks \r\nX: \xff\r\n\r\n" + multipart(b"mixed", b"\r\nx")
    raw = mail(
        b"Content-Type: multipart/mixed; boundary=outer\r\n",
        b"--outer\r\nContent-Type: message/rfc822\r\n\r\n" + forwarded + b"\r\n--outer--",
    )

    assert kinds(raw) == ["message/rfc822"]
    assert contents(raw) == [forwarded]


def test_parts_of_a_digest_are_mails() -> None:
    assert kinds(whole(multipart(b"digest", b"\r\nSubject: x\r\n\r\ny"))) == ["message/rfc822"]


def test_a_part_inherits_the_charset_of_its_multipart() -> None:
    raw = whole(multipart(b"mixed; charset=koi8-r", part(b"text/plain", b"a")))

    assert [leaf.charset for leaf in read_structure(raw).leaves] == ["koi8-r"]


def nested(depth: int) -> bytes:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    return whole(levels + b"\r\ntext")


@pytest.mark.parametrize(
    "raw",
    [
        nested(2_000),
        whole(multipart(b"mixed", *[b"\r\nx"] * 1_001)),
    ],
    ids=["depth", "parts"],
)
def test_a_mail_above_a_limit_is_refused(raw: bytes) -> None:
    with pytest.raises(UnparsableMailError):
        read_structure(raw)


def test_a_mail_at_the_limits_is_read() -> None:
    assert len(read_structure(nested(50)).leaves) == 1
    assert len(read_structure(whole(multipart(b"mixed", *[b"\r\nx"] * 999))).leaves) == 999


def test_more_octets_than_allowed_are_refused() -> None:
    with pytest.raises(UnparsableMailError):
        read_structure(b"x" * 11, Limits(raw_octets=10))


def test_thousands_of_nested_mails_are_one_file() -> None:
    raw = whole(b"Content-Type: message/rfc822\r\n\r\n" * 5_000)

    assert kinds(raw) == ["message/rfc822"]


def test_a_long_header_block_of_a_part_is_cut() -> None:
    structure = read_structure(
        whole(multipart(b"mixed", b"X: " + b"y" * 300_000 + b"\r\n\r\nbody"))
    )

    assert structure.leaves[0].content() == b"body"
    assert structure.warnings == {"header-cut"}


PNG = b"Content-Type: image/png\r\n\r\npng"
PLAIN = b"Content-Type: text/plain\r\n\r\nplain"


def mixed(declared: bytes, *lines: bytes) -> bytes:
    return b"Content-Type: " + declared + b"\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        mixed(b"multipart/mixed", b"--q", PNG, b"--q--"),
        mixed(b"multipart/mixed; boundary=other", b"--q", PNG, b"--q--"),
        mixed(b"multipart/mixed; boundary=other", b"Preamble", b"--q", PNG),
        mixed(b"multipart/mixed; boundary=q-", b"----------", b"", b"--q", PNG, b"--q--"),
        mixed(b'multipart/mixed; boundary="q ', b"--q", PNG, b"--q--"),
        mixed(b"multipart/mixed; boundary='q'", b"--q", PNG, b"--q--"),
        mixed(b"multipart/mixed; boundary=q;;", b"--q  ", PNG, b"--q--"),
        mixed(b"multipart/mixed boundary=q", b"--q", PNG, b"--q--"),
        mixed(b"multipart/mixed, boundary=q", b"--q", PNG, b"--q--"),
        mixed(b"multipart; boundary=q", b"--q", PNG, b"--q--"),
        mixed(b'"multipart/mixed"; boundary=q', b"--q", PNG, b"--q--"),
        mixed(b"=?utf-8?q?multipart/mixed=3B_boundary=3Dq?=", b"--q", PNG, b"--q--"),
        mixed(b"\r\nContent-Type: multipart/mixed; boundary=q", b"--q", PNG, b"--q--"),
        mixed(b"text\r\nContent-Type: multipart/mixed; boundary=q", b"--q", PNG, b"--q--"),
        mixed(b"text/plain\r\nContent-Type: multipart/mixed; boundary=q", b"--q", PNG, b"--q--"),
        mixed(b"nonsense", b"--q", PNG, b"--q--"),
    ],
)
def test_parts_are_found_where_their_declaration_is_damaged(raw: bytes) -> None:
    assert [leaf.media_type for leaf in read_structure(raw).leaves] == ["image/png"]


def test_a_guessed_delimiter_splits_all_of_its_parts() -> None:
    raw = mixed(b"multipart/mixed; boundary=x", b"--y", b"", b"one", b"--y", PNG, b"--y--")

    assert [leaf.content() for leaf in read_structure(raw).leaves] == [b"one", b"png"]


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        (b"text", "text/plain"),
        (b"plain", "text/plain"),
        (b"html", "text/html"),
        (b"", "text/plain"),
        (b"text/html charset=utf-8", "text/html"),
        (b"text / html", "text/html"),
        (b'"text/html"; charset=utf-8', "text/html"),
        (b"=?utf-8?q?text/html?=", "text/html"),
        (b"\r\nContent-Type: text/html", "text/html"),
        (b"text\r\nContent-Type: text/html", "text/html"),
        (b"text/html\r\nContent-Type: text/plain", "text/html"),
    ],
)
def test_a_damaged_content_type_is_read_as_it_was_meant(declared: bytes, read: str) -> None:
    raw = b"Content-Type: " + declared + b"\r\n\r\n<p>"

    assert read_structure(raw).root.media_type == read


@pytest.mark.parametrize(
    "body",
    [
        b"Hello\r\n----- Original Message -----\r\n\r\nOld\r\n",
        b"Hello\r\n--\r\nAnn\r\n",
        b"Hello\r\n-- \r\nAnn\r\n",
        b"Hello\r\n\r\n--------\r\nOld\r\n--------\r\n",
    ],
)
def test_lines_of_dashes_are_no_delimiters(body: bytes) -> None:
    structure = read_structure(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + body)

    assert [leaf.content() for leaf in structure.leaves] == [body]
    assert structure.warnings == {"missing-boundary"}


def test_html_in_a_multipart_without_parts_is_html() -> None:
    raw = b"Content-Type: multipart/alternative; boundary=x\r\n\r\n<html><p>Hello"

    assert read_structure(raw).leaves[0].media_type == "text/html"


def test_many_lines_like_delimiters_take_little_time() -> None:
    lines = b"".join(b"--%d\r\n\r\n" % n for n in range(200_000))

    assert len(read_structure(b"Content-Type: multipart/mixed\r\n\r\n" + lines).leaves) == 1
