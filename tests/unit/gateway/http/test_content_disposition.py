"""Content-Disposition for ordinary and hostile file names."""

import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.http.content_disposition import content_disposition

NASTY = [
    "",
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "C:\\temp\\a.pdf",
    "/absolute/path.pdf",
    ".htaccess",
    'quote".pdf',
    'two""quotes.pdf',
    'end".exe"; filename="harmless.pdf',
    "semi;colon.pdf",
    "a; filename*=UTF-8''b.exe",
    "back\\slash.pdf",
    "new\nline.pdf",
    "carriage\rreturn.pdf",
    "a\r\nSet-Cookie: x=y",
    "a\r\n\r\n<script>alert(1)</script>",
    "nul\0byte.pdf",
    "tab\there.pdf",
    "bell\x07.pdf",
    "delete\x7f.pdf",
    "c1\x85control.pdf",
    "invoice\u202efdp.exe",
    "zero\u200bwidth.pdf",
    "isolate\u2066a\u2069.pdf",
    "line\u2028separator.pdf",
    "\ufeffmark.pdf",
    "Rechnung März.pdf",
    "請求書.pdf",
    "счёт.pdf",
    "فاتورة.pdf",
    "e\u0301 combined.pdf",
    "👩‍👩‍👧 family.png",
    "half \udce4 of a pair.txt",
    "100%25.pdf",
    "%0d%0aX: y",
    "percent%22quote.pdf",
    "<img src=x onerror=alert(1)>.html",
    "'apostrophes'.pdf",
    "`backtick`$(id).sh",
    "=?utf-8?q?word?=.pdf",
    "trailing dots...",
    "CON.txt",
    "x" * 5000 + ".pdf",
    "ä" * 5000 + ".pdf",
    "many.dots.in.a.tar.gz",
    "a,b@c:d[e]{f}(g)?h=i.pdf",
]
VALUE = re.compile(
    r"attachment; filename=\"([^\"\\/\x00-\x1f\x7f-\U0010ffff]+)\"; "
    r"filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)"
)


@pytest.mark.parametrize("name", NASTY)
def test_any_file_name_gives_one_header(name: str) -> None:
    value = content_disposition(name)

    found = VALUE.fullmatch(value)
    assert found is not None, value
    fallback, extended = found[1], unquote(found[2])
    assert len(extended) <= 200
    assert len(fallback) == len(extended)
    assert extended.isprintable()
    assert not {"/", "\\", "\r", "\n", "\0"} & set(extended)
    assert not extended.startswith(".")


@pytest.mark.parametrize(
    "name", ["Rechnung März.pdf", "請求書.pdf", "100%25.pdf", 'quote".pdf', "'apostrophes'.pdf"]
)
def test_a_client_that_reads_rfc_8187_gets_the_name_itself(name: str) -> None:
    message = Message()
    message["Content-Disposition"] = content_disposition(name).replace('filename="', 'x="')

    assert message.get_filename() == name


@given(st.text(max_size=300))
def test_no_name_breaks_the_header(name: str) -> None:
    assert VALUE.fullmatch(content_disposition(name)) is not None


def test_an_image_may_be_shown_in_a_page() -> None:
    assert content_disposition("a.png", "inline").startswith('inline; filename="a.png"')
