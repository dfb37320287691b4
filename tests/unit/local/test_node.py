"""Node is found, or what to do is said."""

from pathlib import Path

import pytest

from deploy.local.programs.node import find_node
from deploy.local.progress import NotPossibleError


def put(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a Node of a text, and an npm, the only ones on the PATH."""
    for name in ("node", "npm"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder / "node"


def test_node_that_is_new_enough_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = put(tmp_path, "#!/bin/sh\necho v20.19.0-rc.1\n", monkeypatch)

    assert find_node((20, 19)) == str(node)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\necho v18.13.0\n", "is version 18.13.0"),
        ("#!/bin/sh\necho no version is set >&2; exit 126\n", "does not say its version"),
        ("#!/bin/sh\necho unknown\n", "does not say its version"),
        ("\x7fELF", "does not say its version"),
    ],
    ids=["old", "stub", "silent", "of another machine"],
)
def test_node_of_no_use_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    put(tmp_path, script, monkeypatch)

    with pytest.raises(NotPossibleError, match=rf"{words}; please install Node 20.19 or newer"):
        find_node((20, 19))
