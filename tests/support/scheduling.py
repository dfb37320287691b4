"""How a run's files are spread over its processes."""

from collections.abc import Mapping
from typing import Final

from xdist.scheduler import LoadFileScheduling

_ON_ONE_SYSTEM: Final[Mapping[str, tuple[str, ...]]] = {
    "contract": ("test_",),
    "desktop": ("test_",),
    "faults": (
        "test_clocks_apart.py",
        "test_doors_killed.py",
        "test_killed_with_one_mail.py",
        "test_one_after_the_other.py",
        "test_poison.py",
    ),
    "journeys": ("test_",),
}
"""Files of a folder, by their beginning, that share a running system: eight processes less each."""


class SystemScheduling(LoadFileScheduling):  # type: ignore[misc]  # without types
    """Gives a process one file after the other, those that share a system all at once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        _, folder, *_, name = file.split("/")
        return folder if name.startswith(_ON_ONE_SYSTEM.get(folder, ())) else file
