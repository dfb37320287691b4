"""A mail as a page for a frame."""

from services.gateway.wire.mail_page import inline_pictures, mail_page, page_policy
from shared.domain.interaction import Attachment, Email
from shared.mail.html.sanitizer import sanitise

LOGO = Attachment("A1", "logo.png", 8, "image/png", "logo@example")
OTHER = Attachment("A2", "other.png", 8, "image/png", "other@example")


def mail(html: str, *attachments: Attachment) -> Email:
    return Email(html=sanitise(html) or "", attachments=attachments)


def test_only_pictures_that_the_html_names_are_inline() -> None:
    shown = mail('<img src="cid:logo%40example"><img src="cid:absent">', LOGO, OTHER)

    assert inline_pictures(shown) == {"cid:logo@example": LOGO}


def test_first_of_two_pictures_of_one_name_is_shown() -> None:
    twin = Attachment("A3", "twin.png", 8, "image/png", "logo@example")

    assert inline_pictures(mail('<img src="cid:logo@example">', LOGO, twin)) == {
        "cid:logo@example": LOGO
    }


def test_picture_has_the_address_that_is_given() -> None:
    page = mail_page(
        mail('<img alt="cid:logo@example" src="cid:logo@example">', LOGO),
        {"cid:logo@example": "there?a=1&b=2"},
        shows_outside=False,
    )

    assert '<img alt="cid:logo@example" src="there?a=1&amp;b=2">' in page


def test_outside_picture_is_loaded_only_where_it_is_asked_for() -> None:
    remote = mail('<img src="http://a.example/b.png?c=1&amp;d=2">')

    closed, opened = (mail_page(remote, {}, shows_outside=one) for one in (False, True))

    assert 'src="data:,"' in closed
    assert "a.example" not in closed
    assert 'src="https://a.example/b.png?c=1&amp;d=2"' in opened


def test_picture_that_is_missing_is_asked_of_nobody() -> None:
    page = mail_page(
        mail('<img alt="gone" src="cid:gone@example"><img src="data:image/gif;base64,AA==">'),
        {},
        shows_outside=True,
    )

    assert '<img alt="gone" src="data:,">' in page
    assert 'src="data:image/gif;base64,AA=="' in page


def test_plain_mail_is_a_page_whose_text_is_text() -> None:
    page = mail_page(
        Email(subject="</title><script>", text="<b>1 & 2</b>\n  bye"), {}, shows_outside=False
    )

    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page
    assert '<div class="text" dir="auto">&lt;b&gt;1 &amp; 2&lt;/b&gt;\n  bye</div>' in page


def test_policy_allows_outside_pictures_only_when_asked() -> None:
    closed, opened = (page_policy(shows_outside=one) for one in (False, True))

    assert "img-src 'self' data:;" in closed
    assert "img-src 'self' data: https:;" in opened
