"""Makes the HTML of drafts safe before it is stored, because other agents will see it.

The filter is the one for arriving mail. After a transfer, the next agent's messages hold the HTML
as it is stored.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path
from signal import SIGABRT, SIGXCPU
from typing import Final

from services.composition.html_cleaner_process import TOO_HEAVY
from shared.contracts.commands import DraftEdits
from shared.domain.errors import TooLargeError, Unavailable
from shared.mail.html.sanitizer import sanitise

LARGEST_PAGE: Final = 2_000_000
"""Octets of a page before and after cleaning. Several such pages fit into one document."""

# Cleaning blocks the event loop; for pages up to this size a child process would take longer.
_LARGEST_AT_ONCE: Final = 16 * 1024
_SECONDS: Final = 5
_MEMORY: Final = 512 * 1024 * 1024
# Time by the clock: on a busy machine a child gets its CPU seconds late.
_PATIENCE: Final = 60.0
# Each child may take `_MEMORY`.
_AT_ONCE: Final = 2
_IMPORT_ROOT: Final = Path(__file__).resolve().parents[2]
# The child gets no secrets of this process.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


class HtmlRefusedError(TooLargeError):
    """The HTML of a mail is too large, or takes too long to make safe."""


class HtmlCleaner:
    """Cleans short pages in this process, longer ones in a child process with limited time.

    `seconds` is CPU time, so that a busy machine does not make a page count as too complex.
    """

    def __init__(self, *, seconds: int = _SECONDS) -> None:
        self._seconds = seconds
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def clean(self, page: str) -> str:
        """Return a page without scripts, remote content and forms.

        Raises:
            HtmlRefusedError: It is too large, nests too deeply or takes too long.
            Unavailable: The child process did not end in time or died.
        """
        try:
            octets = page.encode()
        except UnicodeEncodeError as error:
            raise HtmlRefusedError(
                "the HTML holds an incomplete character: type it again"
            ) from error
        if len(octets) <= _LARGEST_AT_ONCE:
            return _checked_size(sanitise(page))
        if len(octets) > LARGEST_PAGE:
            raise _too_heavy()
        async with self._room:
            return _checked_size(await _clean_in_process(octets, self._seconds))

    async def clean_edits(self, edits: DraftEdits) -> DraftEdits:
        """Return an agent's edits with clean HTML.

        Raises:
            HtmlRefusedError: The HTML is too large, nests too deeply or takes too long.
        """
        if not edits.html:
            return edits
        return edits.model_copy(update={"html": await self.clean(edits.html)})

    async def clean_or_empty(self, page: str) -> str:
        """Return the clean HTML of an original, or "" if it is refused: its text is used then."""
        try:
            return await self.clean(page)
        except HtmlRefusedError:
            return ""


def _checked_size(page: str | None) -> str:
    if page is None or len(page.encode()) > LARGEST_PAGE:
        raise _too_heavy()
    return page


async def _clean_in_process(octets: bytes, seconds: int) -> str | None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.composition.html_cleaner_process",
        str(seconds),
        str(_MEMORY),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=_IMPORT_ROOT,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            page, _ = await child.communicate(octets)
    except TimeoutError as error:
        raise Unavailable("the HTML of a mail was not clean in time") from error
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await asyncio.shield(child.wait())
    if child.returncode == 0:
        return page.decode()
    if child.returncode in {TOO_HEAVY, -SIGXCPU, -SIGABRT}:
        return None
    raise Unavailable("the process that cleans the HTML of a mail has died")


def _too_heavy() -> HtmlRefusedError:
    return HtmlRefusedError(
        f"the HTML is larger than {LARGEST_PAGE} bytes or too complex: shorten or simplify it"
    )
