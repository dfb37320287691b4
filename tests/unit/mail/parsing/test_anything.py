"""No octets make the parser fail."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.parser.parsed_mail_json import dump, load
from shared.mail.limits import UnparsableMailError
from shared.mail.parsing.parser import parse_mail
from tests.unit.mail.mails import files_of

SCRAPS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"From: ",
        b'To: a@x, "b',
        b"Subject: =?utf-8?q?=C3?= =?gb2312?b?/w?=",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n",
        b"Content-Type: text/html\r\n\r\n<p",
        b"Content-Type: text/plain; format=flowed; charset=utf-7\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename*0*=x''%ff; filename*1=\"",
        b"--b\r\n",
        b"--b--\r\n",
        b"begin 644 x\n#:&D*\n`\nend\n",
        b"<img src=cid:%ff>",
        b"\x1b$B\xff\x00",
        b">> quoted \r\n",
    ]
)
MAILS = st.lists(st.one_of(SCRAPS, st.binary(max_size=40)), max_size=30).map(b"".join)


@given(MAILS)
def test_any_octets_are_read_or_refused(raw: bytes) -> None:
    try:
        parsed = parse_mail(raw)
    except UnparsableMailError:
        return

    assert load(dump(parsed)) == parsed
    assert all(address.address for address in (*parsed.from_, *parsed.to))


@given(MAILS)
def test_every_file_that_is_listed_has_its_octets(raw: bytes) -> None:
    for attachment, octets in files_of(raw):
        assert attachment.size == len(octets)
        assert attachment.name
