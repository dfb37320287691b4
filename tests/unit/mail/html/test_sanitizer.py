"""The elements and attributes that untrusted HTML keeps."""

from html.parser import HTMLParser

import pytest

from shared.mail.html.sanitizer import image_sources, sanitise
from shared.mail.html.text import from_text, strip_tags, to_text
from shared.mail.limits import Limits


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='java\nscript:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='vbscript:alert(1)'>x</a>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "<iframe src='https://evil.example/alert'></iframe>",
        "<form action='https://evil.example/alert'><input name=alert></form>",
        "<meta http-equiv=refresh content='0;url=https://evil.example/alert'>",
        "<base href='https://evil.example/alert'>",
        "<link rel=stylesheet href='https://evil.example/alert.css'>",
        "<style>@import 'https://evil.example/alert.css'</style>",
        "<p style='background:url(https://evil.example/alert)'>x</p>",
        "<p style='behavior:url(alert)'>x</p>",
        "<object data='alert.swf'></object><embed src='alert.swf'>",
        "<img srcset='https://evil.example/alert 2x'>",
        "<table background='https://evil.example/alert'><tr><td>x</table>",
        "<img src='data:image/svg+xml;base64,alert' src='x'>".replace("alert", ""),
        "<!-- alert --><![CDATA[ <b ]]>",
        "<video src='https://evil.example/alert' autoplay></video>",
    ],
)
def test_nothing_runs_loads_or_submits(html: str) -> None:
    safe = (sanitise(html) or "").lower()

    for forbidden in ("script:", "alert", "onerror", "<form", "<svg", "<style", "url(", "<input"):
        assert forbidden not in safe


class ElementCollector(HTMLParser):
    """The findings of another reader of HTML than the sanitiser's."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _ in attrs)]


@pytest.mark.parametrize(
    "html",
    [
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        "<textarea><p title='</textarea><img src=x onerror=alert(1)>'></textarea>",
        "<select><p title='</select><img src=x onerror=alert(1)>'></select>",
        "<option><p title='</option><img src=x onerror=alert(1)>'></option>",
        "<p title=x><input value='<img src=x onerror=alert(1)>'>",
        "<p title=x><input value='&lt;img src=x onerror=alert(1)&gt;'>",
        '<p title=x><input value="x\'><img src=x onerror=alert(1)>">',
    ],
)
def test_nothing_gets_out_of_a_form(html: str) -> None:
    safe = sanitise(html)

    assert safe is not None
    assert {*ElementCollector(safe).found} - {"br"} == {"p", "title"}


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("https://x.example/a.png?b=1", "blocked:https://x.example/a.png?b=1"),
        ("//x.example/a.png", "blocked://x.example/a.png"),
        ("a.png", "blocked:a.png"),
        ("CID:logo%40x.example", "cid:logo@x.example"),
        ("cid:<logo@x.example>", "cid:logo@x.example"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("data:image/svg+xml;base64,AAAA", "blocked:data:image/svg+xml;base64,AAAA"),
    ],
)
def test_only_images_of_the_mail_itself_load(source: str, kept: str) -> None:
    safe = sanitise(f'<img alt="a > b" src="{source}">')

    assert safe is not None
    assert image_sources(safe) == {kept}


def test_links_open_elsewhere_and_give_nothing_away() -> None:
    safe = sanitise('<a href="https://x.example/">x</a><a href="/relative">y</a>')

    assert safe is not None
    assert 'href="https://x.example/"' in safe
    assert "/relative" not in safe
    assert safe.count('rel="noopener noreferrer nofollow"') == 2
    assert safe.count('target="_blank"') == 2


def test_ordinary_looks_are_kept() -> None:
    html = '<p style="color:red;position:fixed"><b>Hi</b> <font color="blue">there</font></p>'

    assert sanitise(html) == '<p style="color:red"><b>Hi</b> <font color="blue">there</font></p>'


@pytest.mark.parametrize("tag", ["div", "font", "blockquote", "table><td"])
def test_html_nested_too_deeply_is_not_sanitised_at_all(tag: str) -> None:
    assert sanitise(f"<{tag}></p>" * 1_001 + "x") is None


def test_long_html_that_nests_little_is_fine() -> None:
    assert sanitise("<div><p>x<br></div>" * 5_000) is not None
    assert sanitise("<p>x<li>" * 5_000) is not None


def test_html_longer_than_allowed_is_not_sanitised() -> None:
    assert sanitise("x" * 11, Limits(html_characters=10)) is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b<br>\n c", "a\nb\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b"),
        ("x <b>y</b>  z", "x y z"),
        ("&lt;tag&gt; &amp; &nbsp;more", "<tag> &  more"),
        ("<pre>a\n  b</pre>c", "a\nb\n\nc"),
        ('<a title="x > y">z</a>', "z"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert to_text(html) == text


def test_heavy_html_still_gives_its_words() -> None:
    html = "<style>p{}</style><script>run()</script><div>" * 3 + "the &amp; words" + "<" * 50_000

    assert strip_tags(html) == "the & words"


def test_text_becomes_html_without_becoming_markup() -> None:
    assert from_text("a < b\nc") == '<div style="white-space:pre-wrap">a &lt; b\nc</div>'


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://x.example/a.png">',
        '<img src="//x.example/a.png">',
        '<img src="cid:a%20b">',
        '<a href="https://x.example/">x</a>',
        '<blockquote type="cite" cite="https://x.example/"><p style="color:red">a &amp; b</p>',
        "<table><td>a",
    ],
)
def test_safe_html_stays_as_it_is(html: str) -> None:
    safe = sanitise(html) or ""

    assert sanitise(safe) == safe


def test_numbers_in_heavy_html_are_never_too_long_to_read() -> None:
    assert strip_tags("a &#" + "1" * 5_000 + "; b") == "a \ufffd b"
