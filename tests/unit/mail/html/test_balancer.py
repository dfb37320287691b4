"""Wrong nesting is repaired in linear time, and the text keeps its looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.html import balancer
from shared.mail.html.balancer import TooDeepError, balance
from shared.mail.html.sanitizer import sanitise
from shared.mail.html.text import to_text

DEPTH = 100


@pytest.mark.parametrize(
    ("written", "balanced"),
    [
        ("<b><i>x</b>y</i>", "<b><i>x</i></b><i>y</i>"),
        ("<p>a<p>b", "<p>a</p><p>b"),
        ("<p><b>a<p>c", "<p><b>a</b></p><p><b>c"),
        ("<div><b>a</div>c", "<div><b>a</b></div><b>c"),
        ("<li>a<li>b", "<li>a</li><li>b"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("<dt>a<dd>b<dt>c", "<dt>a</dt><dd>b</dd><dt>c"),
        ("<h1>a<h2>b", "<h1>a</h1><h2>b"),
        ("<a href=x>a<a href=y>b", "<a href=x>a</a><a href=y>b"),
        ("<span><div>a</span>b</div>", "<span><div>ab</div>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>d",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d",
        ),
        ("<table><b><td></b>a</td></table>b", "<table><td>a</td></table>b"),
        ("<table>a<tr><td>b</table>", "<table><td>a</td><tr><td>b</td></tr></table>"),
        ("<table> &nbsp; <tr>\n<td>b</table>", "<table><tr><td>b</td></tr></table>"),
        ("<table><form><tr><td>b", "<table><tr><td>b"),
        ("<td>a</td>", "a"),
        ("</div></p></b>a", "a"),
        ("a</br>b", "a<br>b"),
        ("a < b <3 </ x", "a &lt; b &lt;3 &lt;/ x"),
        ("<!--x--><!x><?x>a<![endif]-->b", "ab"),
        ("<!--> a -->", " a -->"),
        ("<style>p{}</style ><script><b></script>a", "a"),
        ("<style>a", "a"),
        ("<o:p>a</o:p><blink>b", "ab"),
        ("<p title='>'>a", "<p title='>'>a"),
        ("<p/title=\"x\"lang='de'>a", '<p title="x" lang="de">a'),
        ('<p title="x>a', '<p title="&quot;x">a'),
        ('<p ="<b>">a', '<p>">a'),
        ("<P CLASS=x>a", "<P CLASS=x>a"),
    ],
)
def test_wrong_nesting_is_mended(written: str, balanced: str) -> None:
    assert balance(written, DEPTH) == balanced


def test_balanced_html_stays_as_it_is() -> None:
    html = "<table><tr><td><p>a</p><ul><li>b</li></ul></td></tr></table><h1>c</h1>"

    assert balance(html, DEPTH) == html


@pytest.mark.parametrize("tag", ["big", "h1"])
def test_enlarging_elements_do_not_multiply(tag: str) -> None:
    nested = f"<{tag}><div><table><tr><td>" * 20

    assert (sanitise(nested + "x") or "").count(f"<{tag}>") == 1


def test_nesting_beyond_the_bound_is_told() -> None:
    with pytest.raises(TooDeepError):
        balance("<div>" * (DEPTH + 1), DEPTH)


def test_attributes_of_an_element_are_bounded() -> None:
    many = " ".join(f"a{number}=1" for number in range(100_000))

    assert balance(f"<p {many}>x", DEPTH).count("=") == 30


@pytest.mark.parametrize(
    "scrap",
    [
        "<b><table><td></b></table >",
        "<p><b>x",
        "<b><i>x</b>x",
        "<table>x<tr>",
        "<table><b>x</b><tr>",
        "<a href=x>",
        '<a b="',
        "<a b='\"",
        "<!--",
        "<!x",
        "<![CDATA[",
        "<style>",
        "<svg></svg",
        "<",
        "</",
        "<ul><li>",
        "<font face=abcdefghijklmnop>x</p>",
    ],
)
def test_no_scrap_makes_the_text_many_times_longer(scrap: str) -> None:
    repeated = scrap * (200_000 // len(scrap))

    assert len(balance(repeated, 1_000_000)) <= 6 * len(repeated)


@pytest.mark.parametrize("count", [100, 900])
def test_formats_left_open_are_resumed_a_bounded_number_of_times(count: int) -> None:
    formats = "".join(f"<font color=c{number}>" for number in range(count))

    safe = balance(f"<p>{formats}</p>" + "<p>x" * 10_000, 1_000)

    assert safe.count("<font") <= count + 8 * 10_000
    assert len(safe) <= 20 * len(formats + "<p>x" * 10_000)


def test_words_between_cells_are_kept() -> None:
    safe = sanitise("<table>one<tr>two<td>three</td>four</tr>five</table>six")

    assert to_text(safe or "").split() == ["one", "two", "three", "four", "five", "six"]


SCRAPS = [
    *("<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<i>", "</i>", "<span>", "</span>", "<hr>"),
    *("<a href=x>", "</a>", "<br>", "<BR/>", "<img src=x>", "<wbr>", "<li>", "<ul>", "</ul>"),
    *("<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<col>", "<h1>", "</h1>", "<big>"),
    *("x", " ", "&nbsp;", "<", "<o:p>"),
]


@given(st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join))
def test_simple_elements_are_balanced_like_any_other(html: str) -> None:
    balanced = balance(html, DEPTH)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(balancer, "_SIMPLE", frozenset())
        patch.setattr(balancer, "_SIMPLE_VOID", frozenset())
        by_the_rules_of_each = balance(html, DEPTH)

    assert balanced == by_the_rules_of_each
