"""The files that `make desktop` wrote, in memory with their compressed forms."""

import gzip
import hashlib
import html
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

INDEX: Final = "index.html"
FOLDER: Final = Path(__file__).with_name("built")
"""Where `make desktop` and the image's recipe put the files."""

_TITLE: Final = "<title>Mailroom</title>"
"""How the title stands in the built page."""

_SIGN_IN: Final = '<meta name="sign-in" content="provider" />'
"""By this the page knows that it may lead to the OpenID provider."""

_HASHED: Final = "assets/"
"""The folder whose files have a hash of their content in their names."""

_COMPRESSED: Final[Mapping[str, str]] = MappingProxyType({"br": ".br", "gzip": ".gz"})
_MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
    }
)


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file: its bytes by content coding (`identity`, `br`, `gzip`), best coding first."""

    media_type: str
    is_hashed: bool
    codings: Mapping[str, bytes]
    tag: str


@dataclass(slots=True)
class BuiltFiles:
    """The desktop's files by their paths below `/desktop/`.

    They are read again when the index has changed, so that `make desktop` needs no restart.
    `title` takes the place of the page's title. With `offers_sign_in` the page offers the login
    by the OpenID provider.
    """

    folder: Path = FOLDER
    title: str = ""
    offers_sign_in: bool = False
    _files: Mapping[str, BuiltFile] = field(default_factory=dict)
    _read_at: int = 0

    def get(self, path: str) -> BuiltFile | None:
        """Return a file; the index where the path is empty; None where there is none."""
        return self._current().get(path or INDEX)

    @property
    def are_there(self) -> bool:
        """Whether the desktop has been built."""
        return INDEX in self._current()

    def _current(self) -> Mapping[str, BuiltFile]:
        try:
            written_at = (self.folder / INDEX).stat().st_mtime_ns
        except OSError:
            written_at = 0
        if written_at != self._read_at:
            self._files = self._read() if written_at else {}
            self._read_at = written_at
        return self._files

    def _read(self) -> dict[str, BuiltFile]:
        suffixes = tuple(_COMPRESSED.values())
        return {
            file.relative_to(self.folder).as_posix(): self._built(file)
            for file in sorted(self.folder.rglob("*"))
            if file.is_file() and not file.name.endswith(suffixes)
        }

    def _built(self, file: Path) -> BuiltFile:
        content = file.read_bytes()
        compressed = {
            coding: other.read_bytes()
            for coding, suffix in _COMPRESSED.items()
            if (other := file.with_name(file.name + suffix)).is_file()
        }
        if file.name == INDEX and (self.title or self.offers_sign_in):
            head = f"<title>{html.escape(self.title)}</title>" if self.title else _TITLE
            head += _SIGN_IN if self.offers_sign_in else ""
            content = content.replace(_TITLE.encode(), head.encode())
            compressed = {"gzip": gzip.compress(content, mtime=0)}
        media_type = _MEDIA_TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        return BuiltFile(
            media_type or "application/octet-stream",
            file.relative_to(self.folder).as_posix().startswith(_HASHED),
            compressed | {"identity": content},
            hashlib.sha256(content).hexdigest()[:16],
        )
