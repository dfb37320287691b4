"""The elements that HTML of a mail may have, by what they do to the elements around them."""

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
"""All of them. Of any other element only the content is kept."""

DROPPED_WITH_CONTENT: Final = _words(
    """
    script style title template iframe svg math xml
    """
)
"""The elements whose content is nothing to read."""

LINES: Final = _words("textarea option optgroup")
"""Elements of forms: what somebody wrote or may choose begins a line."""
VOID: Final = _words("br col hr img wbr")
FORMATS: Final = _words("a b big code em font i s small strike strong tt u")
"""A paragraph that ends does not end these: what follows has the same looks."""
INLINE: Final = FORMATS | _words(
    "abbr acronym bdi bdo cite del dfn ins kbd mark q rp rt ruby samp span sub sup time var"
)
HEADINGS: Final = _words("h1 h2 h3 h4 h5 h6")
ENLARGING: Final = HEADINGS | {"big"}
"""Inside themselves these would grow without a bound."""
CELLS: Final = _words("td th")
SECTIONS: Final = _words("tbody thead tfoot")
ROWS: Final = SECTIONS | {"tr"}
OF_TABLES: Final = CELLS | ROWS | _words("caption colgroup col")
SCOPES: Final = CELLS | _words("caption table")
"""An end tag inside one of these ends nothing that was begun outside."""
BETWEEN_CELLS: Final = ROWS | _words("table colgroup")
"""Directly inside these there is no text."""
ITEMS: Final = {
    "li": _words("li"),
    "dd": _words("dd dt"),
    "dt": _words("dd dt"),
    "rt": _words("rt rp"),
    "rp": _words("rt rp"),
}
"""What an item ends that was not ended before it."""
LISTS: Final = SCOPES | _words("ul ol dl dir ruby blockquote")
