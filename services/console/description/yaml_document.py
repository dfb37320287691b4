"""A YAML text as plain values, together with the line on which each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

import yaml

from shared.contracts.contact_center import Path

LONGEST: Final = 2_000_000
"""Characters of a text: thousands of agents."""

_MERGE: Final = "tag:yaml.org,2002:merge"
_DEEPEST: Final = 20
_MOST_VALUES: Final = 200_000
_TOO_DEEP: Final = f"is nested deeper than {_DEEPEST} levels"
_TOO_MANY: Final = f"holds more than {_MOST_VALUES} values, its aliases written out"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: its line, from 1, and what it is; the words begin with the field."""

    line: int
    words: str


class UnreadableError(Exception):
    """The text is not YAML, or uses what a description has no use for."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says, and where."""

    content: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of a path; of what is missing, the line of what it is missing from."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """Return a path as it is written in messages: `agents.0.queues.1`."""
    return ".".join(map(str, path))


class _BoundedLoader(yaml.SafeLoader):
    """Reads a text whose depth and size, aliases written out, are within bounds.

    Whatever an alias stands for has been measured by then, so that nothing is written out or gone
    into to find that it is too much.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._open = 0
        self._sizes: dict[int, int] = {}
        self._depths: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Read the next node, and measure it."""
        if self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        self._open += 1
        _require(self._open <= _DEEPEST, self.peek_event().start_mark, _TOO_DEEP)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._open -= 1
        if node is not None:
            parts = [id(part) for part in _parts(node)]
            self._sizes[id(node)] = 1 + sum(self._sizes.get(part, 0) for part in parts)
            self._depths[id(node)] = 1 + max((self._depths.get(one, 0) for one in parts), default=0)
            _require(self._sizes[id(node)] <= _MOST_VALUES, node.start_mark, _TOO_MANY)
            _require(self._depths[id(node)] <= _DEEPEST, node.start_mark, _TOO_DEEP)
        return node


def parse(text: str) -> Document:
    """Read a text.

    Raises:
        UnreadableError: It is not YAML, gives a key twice, refers to itself or is too large.
    """
    if len(text) > LONGEST:
        raise UnreadableError((Problem(1, f"is larger than {LONGEST} characters"),))
    try:
        return _read(_BoundedLoader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"not YAML: {error.problem or error.context}"
        raise UnreadableError((Problem(mark.line + 1 if mark else 1, words),)) from None
    except yaml.YAMLError as error:
        raise UnreadableError((Problem(1, f"not YAML: {error}".splitlines()[0]),)) from None
    except ValueError as error:
        # The library lets through what dates and numbers say of themselves.
        raise UnreadableError((Problem(1, f"not YAML: {error}"),)) from None


def _read(loader: _BoundedLoader) -> Document:
    root = loader.get_single_node()
    if root is None:
        return Document(None, {})
    places = tuple(_places(root, (), ()))
    _refuse_repeated_keys(places)
    return Document(loader.construct_document(root), dict(places))


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from chain.from_iterable(node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _require(holds: bool, mark: yaml.Mark, words: str) -> None:  # noqa: FBT001 - as assert
    if not holds:
        raise UnreadableError((Problem(mark.line + 1, words),))


def _places(
    node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]
) -> Iterator[tuple[Path, int]]:
    line = node.start_mark.line + 1
    if node in above:
        raise UnreadableError((Problem(line, f"{dotted(path)}: refers to itself"),))
    if not path:
        yield path, line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag != _MERGE:
                below = (*path, str(key.value))
                yield below, key.start_mark.line + 1
                yield from _places(value, below, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _places(value, (*path, index), (*above, node))


def _refuse_repeated_keys(places: tuple[tuple[Path, int], ...]) -> None:
    first: dict[Path, int] = {}
    repeated: set[Path] = set()
    problems = []
    for path, line in places:
        if path not in first:
            first[path] = line
            continue
        repeated.add(path)
        if path[:-1] not in repeated:
            problems.append(Problem(line, f"{dotted(path)}: is on line {first[path]} already"))
    if problems:
        raise UnreadableError(tuple(problems))
