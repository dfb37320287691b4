"""Parses YAML into plain values with the line of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

import yaml

from shared.contracts.description.consistency import Path

LONGEST: Final = 2_000_000
"""Characters of a text, enough for thousands of agents."""

_MERGE: Final = "tag:yaml.org,2002:merge"
_DEEPEST: Final = 20
_MOST_VALUES: Final = 200_000
_TOO_DEEP: Final = f"is nested deeper than {_DEEPEST} levels"
_TOO_MANY: Final = f"holds more than {_MOST_VALUES} values, its aliases written out"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a text: its line, from 1, and its description, which begins with the field."""

    line: int
    words: str


class UnreadableError(Exception):
    """The text is not YAML, or is not allowed in a description; holds all problems."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a text, and the line of each by its path."""

    content: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of a path; for a missing value, the line of its nearest parent."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """Return a path as it is written in messages: `agents.0.queues.1`."""
    return ".".join(map(str, path))


class _BoundedLoader(yaml.SafeLoader):
    """A YAML loader with limits on depth and on the number of values, aliases expanded.

    An alias refers to a node that has been measured before, so its size is known without
    expanding it.
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
        # PyYAML passes on the ValueError of an invalid date or number.
        raise UnreadableError((Problem(1, f"not YAML: {error}"),)) from None


def _read(loader: _BoundedLoader) -> Document:
    root = loader.get_single_node()
    if root is None:
        return Document(None, {})
    lines = tuple(_node_lines(root, (), ()))
    _refuse_repeated_keys(lines)
    return Document(loader.construct_document(root), dict(lines))


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from chain.from_iterable(node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _require(holds: bool, mark: yaml.Mark, words: str) -> None:  # noqa: FBT001 - as assert
    if not holds:
        raise UnreadableError((Problem(mark.line + 1, words),))


def _node_lines(
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
                yield from _node_lines(value, below, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _node_lines(value, (*path, index), (*above, node))


def _refuse_repeated_keys(lines: tuple[tuple[Path, int], ...]) -> None:
    first: dict[Path, int] = {}
    repeated: set[Path] = set()
    problems = []
    for path, line in lines:
        if path not in first:
            first[path] = line
            continue
        repeated.add(path)
        if path[:-1] not in repeated:
            problems.append(Problem(line, f"{dotted(path)}: is on line {first[path]} already"))
    if problems:
        raise UnreadableError(tuple(problems))
