"""The label of one mail, and the notation of the list."""

from dataclasses import dataclass

HARD, SOFT = True, False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of a report for one recipient."""

    address: str
    status: str
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """A mail and what it means; `kind` None: it is no report."""

    name: str
    raw: bytes
    kind: str | None
    verdicts: tuple[Verdict, ...] = ()


def hard(address: str, status: str = "5.1.1") -> Verdict:
    return Verdict(address, status, HARD)


def soft(address: str, status: str) -> Verdict:
    return Verdict(address, status, SOFT)
