"""Filters CSS declarations and sizes of untrusted HTML: only those that stay inside their box."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

_PIXELS: Final = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "q": 0.945,
}
"""Pixels of each unit. Units of the window (vw, vh) are refused: it is the agent's own window."""

_NUMBER: Final = re.compile(
    r"\+?(\d{1,9}+(?:\.\d{0,20}+)?+|\.\d{1,20}+)(px|pt|pc|r?em|ex|ch|in|cm|mm|q|%)?", re.IGNORECASE
)
_WORD: Final = re.compile(r"-?[a-z][a-z-]{0,40}", re.IGNORECASE)
_COLOR: Final = re.compile(
    r"#[0-9a-f]{3,8}|[a-z]{3,30}|(?:rgb|hsl)a?\([\d\s.,%/+-]{1,60}\)", re.IGNORECASE
)
_FAMILY: Final = re.compile(r"""[\w\s,.'"-]{1,500}""")
_FUNCTION: Final = re.compile(r"\(([^()]{1,60})\)")
_BLANKS: Final = re.compile(r"\s+")
_IMPORTANT: Final = re.compile(r"\s*+!\s*+important\Z", re.IGNORECASE)
_UNSAFE: Final = ("\\", "/*", "{", "}", "<", "@")

_WIDEST: Final = 2_000
_TALLEST: Final = 2_000
_LARGEST_FONT: Final = 100
_LARGEST_SPACE: Final = 300
_LARGEST_GAP: Final = 20
_THICKEST: Final = 50
_WIDEST_SPACE: Final = 50
_MOST_LINES: Final = 5
_MOST_DECLARATIONS: Final = 100
_LONGEST_VALUE: Final = 600
_MOST_WORDS: Final = 12
_REMEMBERED: Final = 1_000
_LONGEST_REMEMBERED: Final = 1_000
_LONGEST_REMEMBERED_NUMBER: Final = 20

_SIZE_WORDS: Final = "auto initial inherit unset none normal min-content max-content fit-content"
_FONT_SIZES: Final = "xx-small x-small small medium large x-large xx-large smaller inherit initial"
_WEIGHTS: Final = "normal bold bolder lighter inherit initial italic oblique small-caps"
_LINE_STYLES: Final = "none hidden dotted dashed solid double groove ridge inset outset"
_BORDER_WIDTHS: Final = "thin medium thick inherit initial"
_DISPLAYS: Final = (
    "block inline inline-block list-item none table table-caption table-cell table-column"
    " table-column-group table-footer-group table-header-group table-row table-row-group"
    " inline-table inherit initial"
)

Check = Callable[[str], bool]


def filter_style(style: str) -> str | None:
    """Return the allowed declarations of a `style` attribute, None if there is none.

    No allowed declaration moves text out of its box, grows without bound, loads or calculates.
    """
    if len(style) <= _LONGEST_REMEMBERED:
        return _remembered(style)
    return _filter(style)


def _filter(style: str) -> str | None:
    declarations = style.split(";", _MOST_DECLARATIONS)[:_MOST_DECLARATIONS]
    return ";".join(kept for one in declarations if (kept := _declaration(one))) or None


_remembered: Final = lru_cache(maxsize=_REMEMBERED)(_filter)


def _declaration(declaration: str) -> str:
    name, _, value = declaration.partition(":")
    check = _PROPERTIES.get(name.strip().lower())
    if check is None or len(value) > _LONGEST_VALUE or any(one in value for one in _UNSAFE):
        return ""
    plain = _IMPORTANT.sub("", _BLANKS.sub(" ", value).strip())
    if check is _font_size:
        plain = _from_root(plain)
    return f"{name.strip().lower()}:{plain}" if plain and check(plain) else ""


def _from_root(size: str) -> str:
    """Return a relative font size above 1 in `rem`, because nesting would multiply it.

    Sizes that shrink the text stay relative.
    """
    found = _NUMBER.fullmatch(size)
    if found is None or (unit := (found[2] or "").lower()) not in {"em", "%"}:
        return size
    times = float(found[1]) / (100 if unit == "%" else 1)
    return f"{times:g}rem" if times > 1 else size


def filter_number(attribute: str, value: str) -> str | None:
    """Return the value of an attribute that is a size or a count; None if it is out of bounds.

    Raises:
        KeyError: The attribute is no size or count.
    """
    is_short = len(value) <= _LONGEST_REMEMBERED_NUMBER
    check = _is_within if is_short else _is_within.__wrapped__
    return value if check(attribute, value) else None


@lru_cache(_REMEMBERED)
def _is_within(attribute: str, value: str) -> bool:
    return _ATTRIBUTES[attribute](value.strip())


def is_number(attribute: str) -> bool:
    """Say whether an attribute is a size or a count."""
    return attribute in _ATTRIBUTES


def _length(value: str, *, most: float, percent: float = 100, words: str = _SIZE_WORDS) -> bool:
    """Say whether a value is one of `words`, or a length of at most `most` pixels or `percent`."""
    found = _NUMBER.fullmatch(value)
    if found is None:
        return value.lower() in words.split()
    number, unit = float(found[1]), (found[2] or "").lower()
    return number <= percent if unit == "%" else number * _PIXELS[unit] <= most


def _lengths(value: str, *, most: float, words: str = "auto inherit initial") -> bool:
    pieces = value.split(" ")
    return len(pieces) <= 4 and all(  # noqa: PLR2004 - the sides of a box
        _length(one, most=most, percent=_WIDEST_SPACE, words=words) for one in pieces
    )


def _font_size(value: str) -> bool:
    found = _NUMBER.fullmatch(value)
    if found and (found[2] or "").lower() in {"em", "ex", "ch"}:
        # The shorthand `font` is not rewritten, so growth that nesting multiplies is refused.
        return float(found[1]) <= 1
    return _length(value, most=_LARGEST_FONT, words=_FONT_SIZES)


def _line_height(value: str) -> bool:
    found = _NUMBER.fullmatch(value)
    if found and not found[2]:
        return float(found[1]) <= _MOST_LINES
    return _length(value, most=_LARGEST_SPACE, percent=_MOST_LINES * 100)


def _words(value: str, *, known: str = "") -> bool:
    words = value.lower().split(" ")
    if len(words) > _MOST_WORDS:
        return False
    return all(word in known.split() if known else _WORD.fullmatch(word) for word in words)


def _color(value: str) -> bool:
    return _COLOR.fullmatch(value) is not None


def _colors(value: str) -> bool:
    return all(map(_color, _split(value)))


def _border(value: str) -> bool:
    return all(
        _color(one) or _length(one, most=_THICKEST, words=_BORDER_WIDTHS) for one in _split(value)
    )


def _decoration(value: str) -> bool:
    return all(_color(one) or _WORD.fullmatch(one) for one in _split(value))


def _split(value: str) -> list[str]:
    """Return the words of a value; a colour function with its arguments is one word."""
    return _FUNCTION.sub(lambda found: found[0].replace(" ", ""), value).split(" ")


def _font(value: str) -> bool:
    """Check the shorthand: words, a size with an optional line height, then the families."""
    words = value.split(" ")
    for at, word in enumerate(words[:_MOST_WORDS]):
        size, slash, height = word.partition("/")
        if word.lower() in _WEIGHTS.split() or _weight(word):
            continue
        sized = _font_size(size) and (not slash or _line_height(height))
        return sized and _family(" ".join(words[at + 1 :]))
    return False


def _weight(value: str) -> bool:
    return value.lower() in _WEIGHTS.split() or (
        len(value) == 3 and value.isascii() and value.isdigit()  # noqa: PLR2004 - 100 to 900
    )


def _family(value: str) -> bool:
    return _FAMILY.fullmatch(value) is not None


def _integer(value: str, *, least: int, most: int) -> bool:
    try:
        return len(value) <= 9 and least <= int(value) <= most  # noqa: PLR2004 - never a long one
    except ValueError:
        return False


def _properties() -> Mapping[str, Check]:
    wide = partial(_length, most=_WIDEST)
    space = partial(
        _length, most=_LARGEST_SPACE, percent=_WIDEST_SPACE, words="auto inherit initial"
    )
    gap = partial(_length, most=_LARGEST_GAP)
    border_width = partial(_lengths, most=_THICKEST, words=_BORDER_WIDTHS)
    line_style = partial(_words, known=_LINE_STYLES)
    sides = ("top", "right", "bottom", "left")
    return {
        "background-color": _color,
        "color": _color,
        "width": wide,
        "min-width": wide,
        "max-width": wide,
        "height": partial(_length, most=_TALLEST),
        "margin": partial(_lengths, most=_LARGEST_SPACE),
        "padding": partial(_lengths, most=_LARGEST_SPACE),
        "text-indent": space,
        "letter-spacing": gap,
        "word-spacing": gap,
        "line-height": _line_height,
        "font": _font,
        "font-family": _family,
        "font-size": _font_size,
        "font-weight": _weight,
        "border": _border,
        "border-color": _colors,
        "border-style": line_style,
        "border-width": border_width,
        "border-radius": partial(_lengths, most=_LARGEST_SPACE),
        "border-spacing": partial(_lengths, most=_THICKEST),
        "display": partial(_words, known=_DISPLAYS),
        "text-decoration": _decoration,
        **dict.fromkeys(
            (
                "border-collapse",
                "direction",
                "font-style",
                "font-variant",
                "list-style-type",
                "table-layout",
                "text-align",
                "text-transform",
                "vertical-align",
                "white-space",
                "word-break",
                "word-wrap",
            ),
            _words,
        ),
        **{f"margin-{side}": space for side in sides},
        **{f"padding-{side}": space for side in sides},
        **{f"border-{side}": _border for side in sides},
        **{f"border-{side}-color": _color for side in sides},
        **{f"border-{side}-style": line_style for side in sides},
        **{f"border-{side}-width": border_width for side in sides},
    }


_PROPERTIES: Final = _properties()
_ATTRIBUTES: Final[Mapping[str, Check]] = {
    "width": partial(_length, most=_WIDEST, words="*"),
    "height": partial(_length, most=_TALLEST, words="*"),
    "border": partial(_integer, least=0, most=_THICKEST),
    "cellpadding": partial(_length, most=_LARGEST_SPACE, words=""),
    "cellspacing": partial(_length, most=_LARGEST_SPACE, words=""),
    "hspace": partial(_integer, least=0, most=_LARGEST_SPACE),
    "vspace": partial(_integer, least=0, most=_LARGEST_SPACE),
    "size": partial(_integer, least=-7, most=_THICKEST),
    "colspan": partial(_integer, least=0, most=100),
    "rowspan": partial(_integer, least=0, most=100),
    "span": partial(_integer, least=0, most=100),
    "start": partial(_integer, least=-999_999, most=999_999),
    "value": partial(_integer, least=-999_999, most=999_999),
}
