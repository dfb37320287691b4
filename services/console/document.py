"""A YAML text as plain values, together with the line on which each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from shared.contracts.contact_center import Path

_MERGE: Final = "tag:yaml.org,2002:merge"


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


def parse(text: str) -> Document:
    """Read a text.

    Raises:
        UnreadableError: It is not YAML, gives a key twice or refers to itself.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return Document(None, {})
        places = tuple(_places(root, (), ()))
        _refuse_repeated_keys(places)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"not YAML: {error.problem or error.context}"
        raise UnreadableError((Problem(mark.line + 1 if mark else 1, words),)) from None
    except yaml.YAMLError as error:
        raise UnreadableError((Problem(1, f"not YAML: {error}".splitlines()[0]),)) from None
    return Document(content, dict(places))


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
