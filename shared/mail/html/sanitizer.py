"""Sanitises untrusted HTML, so that it is safe to store and to show."""

import re
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

import nh3

from shared.mail.html.balancer import TooDeepError, balance
from shared.mail.html.blocked_images import BLOCKED
from shared.mail.html.elements import DROPPED_WITH_CONTENT, ELEMENTS
from shared.mail.html.style_filter import filter_number, filter_style, is_number
from shared.mail.limits import DEFAULT_LIMITS, Limits

_ATTRIBUTES: Final = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "bgcolor"},
    "a": {"href", "name"},
    "blockquote": {"cite", "type"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "hr": {"size", "width", "noshade"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "table": {"border", "cellpadding", "cellspacing", "width", "height", "summary"},
    "td": {"colspan", "rowspan", "width", "height", "nowrap", "headers", "abbr"},
    "th": {"colspan", "rowspan", "width", "height", "nowrap", "scope", "headers", "abbr"},
    "tr": {"height"},
}
_LINK: Final = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_INLINE_IMAGE: Final = re.compile(r"data:image/(?:png|gif|jpe?g|webp|bmp);base64,", re.IGNORECASE)
_CID: Final = re.compile(r"\s*cid:", re.IGNORECASE)


def _keep_attribute(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "style":
        return filter_style(value)
    if is_number(attribute):
        return filter_number(attribute, value)
    if attribute == "src":
        return _image_source(value)
    if attribute in {"href", "cite"}:
        return value if _LINK.match(value.strip()) else None
    return value


def _image_source(value: str) -> str:
    if cid := _CID.match(value):
        return f"cid:{unquote(value[cid.end() :].strip()).strip('<>')}"
    if _INLINE_IMAGE.match(value) or value.startswith(BLOCKED):
        return value
    return BLOCKED + value.strip()


_CLEANER: Final = nh3.Cleaner(
    tags=ELEMENTS,
    clean_content_tags=DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "ftp", "cid", "data", "blocked"},
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def sanitise(html: str, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Return the HTML without scripts, loads and forms; None if it exceeds a limit.

    Images inside the mail keep a normalised `cid:` address, and `data:` images stay. The addresses
    of all other images get the prefix `blocked:`, which no browser loads. HTML that has been
    sanitised before stays as it is.
    """
    if len(html) > limits.html_characters:
        return None
    try:
        return _CLEANER.clean(balance(html, limits.html_depth))
    except TooDeepError:
        return None


_IMAGE_SOURCE: Final = re.compile(r'(<img (?:[^">]|"[^"]*+")*?src=")([^"]*)"')


def image_sources(html: str) -> frozenset[str]:
    """Return the addresses of all images in sanitised HTML."""
    return frozenset(unescape(found[1]) for found in _IMAGE_SOURCE.findall(html))


def has_image_source(html: str, begin: str) -> bool:
    """Say whether the address of an image in sanitised HTML begins with a text."""
    # Finding the images takes longer than finding that no attribute begins like this.
    return f'src="{begin}' in html and any(one.startswith(begin) for one in image_sources(html))


def replace_image_sources(html: str, replacements: dict[str, str]) -> str:
    """Return sanitised HTML with image addresses replaced, each old one by its new one."""

    def exchange(found: re.Match[str]) -> str:
        source = replacements.get(unescape(found[2]))
        return found[0] if source is None else f'{found[1]}{escape(source)}"'

    return _IMAGE_SOURCE.sub(exchange, html) if replacements else html
