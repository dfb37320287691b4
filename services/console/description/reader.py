"""Reads and checks `contact-center.yaml`; all problems are reported together."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as File
from typing import Final

from pydantic import ValidationError

from services.console.description.yaml_document import (
    LONGEST,
    Document,
    Problem,
    UnreadableError,
    dotted,
    parse,
)
from services.console.exit_codes import Exit, NotPossibleError
from shared.contracts.contact_center import ContactCenter
from shared.contracts.description.consistency import Path, inconsistencies, names_differing_in_case
from shared.contracts.wording import in_words
from shared.screening.text_tests import (
    MOST_STEPS_IN_ALL,
    BadPatternError,
    most_steps,
    require_pattern,
)

_IN_THE_CLEAR: Final = (
    "a login without TLS shows the password to the network: "
    "set `tls` to starttls or implicit, or leave out `user_name`"
)


def read_description(file: File) -> ContactCenter:
    """Return the contact center that a file describes.

    Raises:
        NotPossibleError: The file cannot be read, or has problems: one line for each, as
            `FILE:LINE: FIELD: …`.
    """
    try:
        with file.open(encoding="utf-8") as text:
            return describe(text.read(LONGEST + 1))
    except OSError as error:
        raise NotPossibleError(f"{file}: {error.strerror}", Exit.BAD_FILE) from None
    except UnicodeDecodeError:
        raise NotPossibleError(f"{file}: is not text in UTF-8", Exit.BAD_FILE) from None
    except UnreadableError as error:
        lines = [f"{file}:{problem.line}: {problem.words}" for problem in error.problems]
        raise NotPossibleError("\n".join(lines), Exit.BAD_FILE) from None


def describe(text: str) -> ContactCenter:
    """Return the contact center that a text describes.

    Raises:
        UnreadableError: The text has problems; it holds all of them, in the order of lines.
    """
    document = parse(text)
    if not isinstance(document.content, dict):
        raise UnreadableError((Problem(1, "describes no contact center: `name:` is missing"),))
    unsafe = {*_unsafe(document.content), *names_differing_in_case(document.content)}
    try:
        described = ContactCenter.model_validate(document.content)
    except ValidationError as error:
        raise UnreadableError(_problems(document, unsafe | _invalid(document, error))) from None
    if unsafe := unsafe | set(_bad_patterns(described)):
        raise UnreadableError(_problems(document, unsafe))
    return described


def _unsafe(content: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    """Yield problems that earlier versions accepted: services read them, `apply` refuses them."""
    route = content.get("smtp_route")
    if isinstance(route, Mapping) and route.get("user_name") and route.get("tls") == "none":
        yield ("smtp_route", "user_name"), _IN_THE_CLEAR


def _bad_patterns(described: ContactCenter) -> Iterator[tuple[Path, str]]:
    steps = 0
    for index, rule in enumerate(described.screening):
        for pattern in rule.patterns():
            try:
                require_pattern(pattern)
                steps += most_steps(pattern)
            except BadPatternError as error:
                yield ("screening", index, "when"), f"{pattern}: {error}"
    if steps > MOST_STEPS_IN_ALL:
        times = steps / MOST_STEPS_IN_ALL
        words = (
            f"the regular expressions of all rules together take up to {times:.2f} times as long "
            "on a long mail as they may: shorten repeats such as {0,300}, put "
            "alternatives into one `matches`, such as `spam|scam`, or use `contains`"
        )
        yield ("screening",), words


def _invalid(document: Document, error: ValidationError) -> set[tuple[Path, str]]:
    # Without input values: one may be a password in the place of its hash.
    return {
        (one["loc"], in_words(one["type"], one["msg"]))
        for one in error.errors(include_input=False, include_url=False)
    } | set(inconsistencies(document.content))


def _problems(document: Document, found: Iterable[tuple[Path, str]]) -> tuple[Problem, ...]:
    problems = [_problem(document, path, words) for path, words in found]
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.words)))


def _problem(document: Document, path: Path, words: str) -> Problem:
    return Problem(document.line(path), f"{dotted(path)}: {words}")
