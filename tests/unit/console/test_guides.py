"""The README's pieces of a contact center's file are valid."""

import re
from pathlib import Path

import pytest
import yaml

from services.console.description.reader import read_description

CHECKOUT = Path(__file__).parents[3]
DEMO = CHECKOUT / "deploy" / "local" / "contact-center.yaml"
README = (CHECKOUT / "README.md").read_text()


def snippets(heading: str) -> list[str]:
    """Return the YAML under a heading of the README."""
    _, _, rest = README.partition(f"\n## {heading}\n")
    return re.findall(r"```yaml\n(.*?)```", rest.partition("\n## ")[0], re.DOTALL)


@pytest.mark.parametrize(("heading", "count"), [("Read a mailbox by IMAP", 2), ("Scan files", 1)])
def test_snippets_fit_into_the_demo(heading: str, count: int, tmp_path: Path) -> None:
    found = snippets(heading)

    assert len(found) == count
    for snippet in found:
        sections = yaml.safe_load(snippet)
        file = tmp_path / "contact-center.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(DEMO.read_text()) | sections))
        described = read_description(file)
        assert sections.keys() <= described.model_fields_set
