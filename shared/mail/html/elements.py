"""The HTML elements that a mail may have, grouped by how they nest."""

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ELEMENTS: Final = _words(
    """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite
    code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1
    h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p pre q rp rt ruby s
    samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr
    """
)
"""All allowed elements. Of any other element only the content is kept."""

DROPPED_WITH_CONTENT: Final = _words(
    """
    script style title template iframe svg math xml
    """
)
"""Elements that are removed with their content, which is not for reading."""

LINES: Final = _words("textarea option optgroup")
"""Elements of forms whose text begins a new line."""
VOID: Final = _words("br col hr img wbr")
FORMATS: Final = _words("a b big code em font i s small strike strong tt u")
"""Formatting elements, which continue after the end of the paragraph around them."""
INLINE: Final = FORMATS | _words(
    "abbr acronym bdi bdo cite del dfn ins kbd mark q rp rt ruby samp span sub sup time var"
)
HEADINGS: Final = _words("h1 h2 h3 h4 h5 h6")
ENLARGING: Final = HEADINGS | {"big"}
"""Elements that enlarge text, and would do so without a bound inside each other."""
CELLS: Final = _words("td th")
SECTIONS: Final = _words("tbody thead tfoot")
ROWS: Final = SECTIONS | {"tr"}
OF_TABLES: Final = CELLS | ROWS | _words("caption colgroup col")
SCOPES: Final = CELLS | _words("caption table")
"""Scopes: an end tag inside one of these does not end an element outside of it."""
BETWEEN_CELLS: Final = ROWS | _words("table colgroup")
"""Elements that must not contain text directly."""
ITEMS: Final = {
    "li": _words("li"),
    "dd": _words("dd dt"),
    "dt": _words("dd dt"),
    "rt": _words("rt rp"),
    "rp": _words("rt rp"),
}
"""By the name of an item, the open items that it ends."""
LISTS: Final = SCOPES | _words("ul ol dl dir ruby blockquote")
