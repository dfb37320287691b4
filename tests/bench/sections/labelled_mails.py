"""The labelled list: mails written for it, and lines of mails of a public corpus."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.mail.parsing.parser import parse_mail

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parents[2]
CORPUS: Final = Path(os.environ.get("MAILROOM_CORPUS", CHECKOUT.parent / "shared" / "corpus"))
_KINDS: Final = {
    "n": "new",
    "q": "quoted",
    "a": "attribution",
    "s": "signature",
    "d": "disclaimer",
}


@dataclass(frozen=True, slots=True)
class LabelledMail:
    """A text, and the kind of each of its lines."""

    name: str
    text: str
    kinds: tuple[str, ...]

    @property
    def new(self) -> str:
        """The words that the sender wrote now."""
        lines = self.text.splitlines()
        return "\n".join(
            line for line, kind in zip(lines, self.kinds, strict=True) if kind == "new"
        ).strip()


def written_mails() -> Iterator[LabelledMail]:
    """Yield the mails of `letters.txt`; each line begins with the letter of its kind."""
    name, rows = "", list[str]()
    for row in [*(HERE / "letters.txt").read_text("utf-8").split("\n"), "= "]:
        if not row.startswith("= "):
            rows.append(row)
            continue
        if name:
            yield _labelled(name, [one for one in rows if one])
        name, rows = row[2:], []


def mails_in_languages() -> Iterator[LabelledMail]:
    """Yield four mails for each row of `languages.txt`, as different programs would write them."""
    for row in (HERE / "languages.txt").read_text("utf-8").splitlines():
        if row.startswith("#"):
            continue
        language, new, attribution, quoted, *labels = row.split(";")
        sender, sent, to, subject = labels
        yield _labelled(
            f"{language}: above a marked quotation",
            [f"n|{new}", "n|", f"a|{attribution}", "a|", f"q|> {quoted}", "q|> Support"],
        )
        yield (
            _labelled(
                f"{language}: above an unmarked quotation",
                [f"n|{new}", "n|", f"a|{attribution}", "a|", f"q|{quoted}", "q|", "q|Support"],
            )
            if "@" in attribution or "20" in attribution
            else _labelled(
                f"{language}: marked, without an empty line",
                [f"n|{new}", "n|", f"a|{attribution}", f"q|> {quoted}", "q|> Support"],
            )
        )
        first, _, rest = attribution.partition(" <")
        wrapped = [f"a|{first}", f"a|<{rest}"] if rest else [f"a|{attribution}"]
        yield _labelled(
            f"{language}: below a wrapped attribution",
            [*wrapped, f"q|> {quoted}", "q|", f"n|{new}"],
        )
        yield _labelled(
            f"{language}: above repeated headers",
            [
                f"n|{new}",
                "n|",
                f"a|{sender}: Support <support@demo.example>",
                f"a|{sent}: 03.03.2021 10:10",
                f"a|{to}: ann@client.example",
                f"a|{subject}: 4711",
                "a|",
                f"q|{quoted}",
            ],
        )


def corpus_mails() -> Iterator[LabelledMail]:
    """Yield the labelled mails of the corpus, nothing where it is not there.

    `corpus.json` has the kinds of the lines of each mail, such as `a1 q5 n12`: so many lines.
    """
    if not CORPUS.is_dir():
        return
    for name, kinds in json.loads((HERE / "corpus.json").read_text("utf-8")).items():
        text = parse_mail((CORPUS / name).read_bytes()).text
        runs = [(_KINDS[run[0]], int(run[1:])) for run in kinds.split()]
        yield LabelledMail(name, text, tuple(kind for kind, count in runs for _ in range(count)))


def _labelled(name: str, rows: list[str]) -> LabelledMail:
    text = "\n".join(row[2:] for row in rows)
    return LabelledMail(name, text, tuple(_KINDS[row[0]] for row in rows))
