"""A stranger's HTML made safe to store and show, and the text that a reader would see in it."""

import re
from collections import Counter
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

import nh3

from shared.mail.blocked import BLOCKED
from shared.mail.limits import DEFAULT_LIMITS, Limits


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_TAGS: Final = _words(
    """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite
    code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1
    h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p pre q rp rt ruby s
    samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr
    """
)
_DROPPED_WITH_CONTENT: Final = _words(
    """
    script style title template noscript iframe object applet textarea select option svg
    math xml
    """
)
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
# No property that can load something, cover the page or leave the mail's own box.
_STYLES: Final = _words(
    """
    background-color border border-bottom border-bottom-color border-bottom-style
    border-bottom-width border-collapse border-color border-left border-left-color
    border-left-style border-left-width border-radius border-right border-right-color
    border-right-style border-right-width border-spacing border-style border-top
    border-top-color border-top-style border-top-width border-width color direction display
    font font-family font-size font-style font-variant font-weight height letter-spacing
    line-height list-style-type margin margin-bottom margin-left margin-right margin-top
    max-width min-width padding padding-bottom padding-left padding-right padding-top
    table-layout text-align text-decoration text-indent text-transform vertical-align
    white-space width word-break word-spacing word-wrap
    """
)
_LINK: Final = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_INLINE_IMAGE: Final = re.compile(r"data:image/(?:png|gif|jpe?g|webp|bmp);base64,", re.IGNORECASE)
_CID: Final = re.compile(r"\s*cid:", re.IGNORECASE)


def _keep_attribute(_tag: str, attribute: str, value: str) -> str | None:
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
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    filter_style_properties=_STYLES,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "ftp", "cid", "data", "blocked"},
    set_tag_attribute_values={"a": {"target": "_blank"}},
)

_OPEN_OR_CLOSE: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_NEVER_NEST: Final = _words(
    """
    area base br col embed hr img input link meta param source track wbr p li td tr th dd dt
    option
    """
)


def sanitise(html: str, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Return the HTML without anything that runs, loads or submits; None when it is too heavy.

    Images inside the mail keep a normalised `cid:` address; all others but small `data:` images get
    `blocked:` before theirs, which no browser loads. What is safe already stays as it is.
    """
    if len(html) > limits.html_characters or _is_deeper(html, limits.html_depth):
        return None
    return _CLEANER.clean(html)


def _is_deeper(html: str, limit: int) -> bool:
    """Tell whether elements nest deeper than that: sanitising costs the square of the depth."""
    if html.count("<") <= limit:
        return False
    opened: Counter[str] = Counter()
    depth = 0
    for closing, name in _OPEN_OR_CLOSE.findall(html):
        tag = name.lower()
        if closing and opened[tag]:
            opened[tag] -= 1
            depth -= 1
        elif not closing and tag not in _NEVER_NEST:
            opened[tag] += 1
            depth += 1
        if depth > limit:
            return True
    return False


_IMAGE_SOURCE: Final = re.compile(r'(<img (?:[^">]|"[^"]*+")*?src=")([^"]*)"')


def image_sources(html: str) -> frozenset[str]:
    """Return the addresses of all images in sanitised HTML."""
    return frozenset(unescape(found[1]) for found in _IMAGE_SOURCE.findall(html))


def replace_image_sources(html: str, replacements: dict[str, str]) -> str:
    """Return sanitised HTML with these image addresses exchanged."""

    def exchange(found: re.Match[str]) -> str:
        source = replacements.get(unescape(found[2]))
        return found[0] if source is None else f'{found[1]}{escape(source)}"'

    return _IMAGE_SOURCE.sub(exchange, html) if replacements else html
