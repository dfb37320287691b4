"""The HTML of drafts, made safe before it is stored: other agents are shown it.

The filter is that of arriving mail. What is stored is what a colleague's message holds after a
transfer, whoever handed it in.
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
"""Octets of a page, as it is handed in and as it is stored: several fit into one document."""

_LARGEST_AT_ONCE: Final = 16 * 1024
_SECONDS: Final = 5
_MEMORY: Final = 512 * 1024 * 1024
_PATIENCE: Final = 60.0
_AT_ONCE: Final = 2
_IMPORT_ROOT: Final = Path(__file__).resolve().parents[2]
# Secrets stay with the parent.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


class HtmlRefusedError(TooLargeError):
    """The HTML of a mail is too large, or takes too long to make safe."""


class HtmlCleaner:
    """Makes pages safe: a short one at once, a longer one in a process whose time is limited.

    `seconds` are those of a processor, so that a busy machine makes no page too complex.
    """

    def __init__(self, *, seconds: int = _SECONDS) -> None:
        self._seconds = seconds
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def clean(self, page: str) -> str:
        """Return a page without anything that runs, loads or submits.

        Raises:
            PageRefusedError: It is too large, nests too deeply or takes too long.
            Unavailable: The machine is too busy to tell.
        """
        try:
            octets = page.encode()
        except UnicodeEncodeError as error:
            raise HtmlRefusedError("the HTML holds half a character: write it anew") from error
        if len(octets) <= _LARGEST_AT_ONCE:
            return _stored(sanitise(page))
        if len(octets) > LARGEST_PAGE:
            raise _too_heavy()
        async with self._room:
            return _stored(await _cleaned_apart(octets, self._seconds))

    async def edits(self, edits: DraftEdits) -> DraftEdits:
        """Return what an agent wrote, its HTML safe.

        Raises:
            PageRefusedError: The HTML cannot be made safe.
        """
        if not edits.html:
            return edits
        return edits.model_copy(update={"html": await self.clean(edits.html)})

    async def quotable(self, page: str) -> str:
        """Return the HTML of an original; nothing where its text has to do."""
        try:
            return await self.clean(page)
        except HtmlRefusedError:
            return ""


def _stored(page: str | None) -> str:
    if page is None or len(page.encode()) > LARGEST_PAGE:
        raise _too_heavy()
    return page


async def _cleaned_apart(octets: bytes, seconds: int) -> str | None:
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
