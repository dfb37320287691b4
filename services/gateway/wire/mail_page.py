"""A mail as a page of its own, for a frame: cleaned HTML whose pictures have addresses."""

from collections.abc import Mapping
from html import escape
from typing import Final

from shared.domain.interaction import Attachment, Email
from shared.mail.html.blocked_images import outside_address
from shared.mail.html.sanitizer import image_sources, replace_image_sources

_CID: Final = "cid:"
_DATA: Final = "data:"
_NO_PICTURE: Final = "data:,"
"""In place of what may not be loaded: its words are shown, and the browser reports no error."""

SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
"""The `sandbox` of a frame with a mail: links open in new windows; scripts and forms are off."""

VIEW_SANDBOX: Final = f"allow-same-origin {SANDBOX}"
"""The same for this page: the one around it may read how high the mail is."""

_STYLE: Final = (
    "body{margin:12px;font:14px/1.5 sans-serif;overflow-wrap:break-word}"
    "img{max-width:100%}"
    ".text{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def page_policy(*, shows_outside: bool) -> str:
    """Return the Content-Security-Policy of the page: styles and pictures, nothing that runs."""
    outside = " https:" if shows_outside else ""
    return (
        f"sandbox {VIEW_SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src 'self' data:{outside}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )


def inline_pictures(mail: Email) -> Mapping[str, Attachment]:
    """Return the attachments that the HTML of a mail refers to, by its image addresses (`cid:`)."""
    wanted = image_sources(mail.html)
    found: dict[str, Attachment] = {}
    for one in mail.attachments:
        source = f"{_CID}{one.content_id}"
        if one.content_id and source in wanted:
            found.setdefault(source, one)
    return found


def mail_page(mail: Email, addresses: Mapping[str, str], *, shows_outside: bool) -> str:
    """Return the page of a mail.

    Args:
        mail: its stored HTML is clean; where it has none, the page shows its text.
        addresses: replacements of image addresses, such as `cid:` ones.
        shows_outside: give the blocked pictures from outside their addresses again, with https.
    """
    if mail.html:
        outside = _outside(mail.html) if shows_outside else {}
        sources = {**_withheld(mail.html), **addresses, **outside}
        content = replace_image_sources(mail.html, sources)
    else:
        content = f'<div class="text" dir="auto">{escape(mail.text)}</div>'
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
        f"<title>{escape(mail.subject)}</title><style>{_STYLE}</style></head>"
        f"<body>{content}</body></html>"
    )


def _withheld(html: str) -> dict[str, str]:
    return {one: _NO_PICTURE for one in image_sources(html) if not one.startswith(_DATA)}


def _outside(html: str) -> dict[str, str]:
    return {
        source: address for source in image_sources(html) if (address := outside_address(source))
    }
