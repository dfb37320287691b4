"""Pages that agents hand in, made safe in limited time; pictures when they are sent."""

import pytest

from services.composition.html_cleaner import LARGEST_PAGE, HtmlCleaner, HtmlRefusedError
from services.composition.rendering.own_pictures import with_own_pictures
from shared.contracts.commands import DraftEdits
from tests.unit.composition.attacks import ATTACKS, DANGERS

PADDING = "<p>" + "x" * 20_000 + "</p>"


@pytest.fixture
def pages() -> HtmlCleaner:
    return HtmlCleaner()


@pytest.mark.parametrize("padding", ["", PADDING], ids=["short", "long"])
async def test_nothing_that_runs_is_left_in_a_page(pages: HtmlCleaner, padding: str) -> None:
    safe = await pages.clean(f"<p>kept</p>{padding}{''.join(ATTACKS)}")

    assert "kept" in safe
    assert not [danger for danger in DANGERS if danger in safe.lower()]


@pytest.mark.parametrize("padding", ["", PADDING], ids=["short", "long"])
async def test_a_safe_page_stays_as_it_is(pages: HtmlCleaner, padding: str) -> None:
    page = f'<p style="color:red">ä &amp; b</p><img src="blocked:https://x/a.png">{padding}'

    assert await pages.clean(page) == page
    assert await pages.clean(await pages.clean(page)) == page


@pytest.mark.parametrize(
    "page",
    [
        "x" * (LARGEST_PAGE + 1),
        "&" * (LARGEST_PAGE // 2),
        "<div>" * 5_000,
        "half \ud800",
    ],
    ids=["long", "growing", "deep", "half"],
)
async def test_a_page_that_costs_too_much_is_refused(pages: HtmlCleaner, page: str) -> None:
    with pytest.raises(HtmlRefusedError):
        await pages.clean(page)


async def test_a_page_of_many_attributes_keeps_what_is_safe(pages: HtmlCleaner) -> None:
    many = " ".join(f"a{number}" for number in range(200_000))

    assert await pages.clean(f"<p {many}>x</p>") == "<p>x</p>"


async def test_a_page_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(HtmlRefusedError):
        await HtmlCleaner(seconds=1).clean("<b><p></b>" * 150_000)


async def test_an_original_that_costs_too_much_is_quoted_as_text(pages: HtmlCleaner) -> None:
    assert await pages.clean_or_empty("<div>" * 5_000) == ""


async def test_plain_text_stays_plain(pages: HtmlCleaner) -> None:
    edits = DraftEdits(text="1 < 2 <script>", subject="<b>")

    assert await pages.clean_edits(edits) == edits


def test_own_pictures_are_sent_and_quoted_ones_stay_blocked() -> None:
    own = '<p title="</blockquote>"><img alt="a" src="blocked:https://us.example/logo.png"></p>'
    quote = '<blockquote type="cite"><blockquote></blockquote><p title="</blockquote>">%s</p>'
    quote = quote % '<img src="blocked:https://track.example/a.gif"></blockquote>'
    script = '<img src="blocked:javascript:x">'

    page = with_own_pictures(own + quote + script + own)

    assert page == own.replace("blocked:", "") + quote + script + own.replace("blocked:", "")
