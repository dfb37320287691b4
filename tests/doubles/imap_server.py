"""An IMAP server of one folder that misbehaves as a test says."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class OddServer:
    """The mails of the folder by UID, and what the server does of its own.

    `odd` has what is answered in place of the right answer, by the first words of a command
    (`UID FETCH 1`): octets that are sent, with `TAG` for the tag. None closes the connection; an
    answer that does not end with a line end closes it after that.
    """

    port: int = 0
    mails: dict[int, bytes] = field(default_factory=dict)
    uid_validity: int | None = 7
    uid_next: int | None = None
    capabilities: str = "IMAP4rev1 IDLE MOVE UIDPLUS"
    greeting: bytes = b"* OK ready\r\n"
    odd: dict[str, bytes | None] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    moved: dict[int, bytes] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    after_login: str = ""
    in_idle: Callable[[], bytes | None] = lambda: b""
    sizes: dict[int, int] = field(default_factory=dict)
    """Sizes that the server claims, by UID, where they are wrong."""
    known: int = 0
    """The number of mails that the client was told of last; IDLE tells of another number."""

    def count(self, words: str) -> int:
        """Return how often a command came that begins with these words."""
        return sum(one.startswith(words) for one in self.commands)

    def oddity(self, command: str) -> bytes | str | None:
        """Return what is answered in place of the right answer, "" if nothing is."""
        found = re.match(r"UID FETCH ([\d,]+) (\(BODY.*)", command)
        alone = [f"UID FETCH {uid} {found[2]}" for uid in found[1].split(",")] if found else []
        for words, answer in self.odd.items():
            if any(one.startswith(words) for one in (command, *alone)):
                return answer
        return ""

    def answer(self, command: str) -> bytes:  # noqa: C901 - one line for each command
        """Return the right answer to a command, without its last line."""
        name = command.removeprefix("UID ").split()[0]
        uids = self._uids(command)
        match name:
            case "CAPABILITY":
                return f"* CAPABILITY {self.capabilities}\r\n".encode()
            case "LOGIN":
                self.capabilities = self.after_login or self.capabilities
            case "SELECT" | "EXAMINE":
                return self._selected()
            case "SEARCH":
                self.known = len(self.mails)
                return (
                    f"* SEARCH {' '.join(map(str, sorted(self._searched(command))))}\r\n".encode()
                )
            case "FETCH":
                return b"".join(self._fetched(uid, command) for uid in uids)
            case "STORE":
                for uid in uids:
                    told = set(re.findall(r"\\\w+", command))
                    self.flags[uid] = self.flags.get(uid, set()) | told
            case "COPY" | "MOVE":
                self.moved |= {uid: self.mails[uid] for uid in uids}
                for uid in uids if name == "MOVE" else ():
                    del self.mails[uid]
            case "EXPUNGE":
                for uid in uids:
                    self.mails.pop(uid, None)
            case "LOGOUT":
                return b"* BYE bye\r\n"
        return b""

    def _selected(self) -> bytes:
        lines = [f"* {len(self.mails)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen)"]
        if self.uid_validity is not None:
            lines.append(f"* OK [UIDVALIDITY {self.uid_validity}] valid")
        highest = max(self.mails, default=0) + 1
        if self.uid_next != 0:
            lines.append(f"* OK [UIDNEXT {self.uid_next or highest}] next")
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _uids(self, command: str) -> list[int]:
        found = re.match(r"UID \w+ ([\d,]+)", command)
        wanted = [int(one) for one in found[1].split(",")] if found else []
        return [uid for uid in wanted if uid in self.mails]

    def _searched(self, command: str) -> set[int]:
        found = re.search(r"UID SEARCH UID (\d+)(?::(\d+|\*))?", command)
        first, last = (found[1], found[2] or found[1]) if found else ("1", "*")
        highest = max(self.mails, default=0)
        ends = sorted((int(first), highest if last == "*" else int(last)))
        return {uid for uid in self.mails if ends[0] <= uid <= ends[1]}

    def _fetched(self, uid: int, command: str) -> bytes:
        mail = self.mails[uid]
        if found := re.search(r"BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?", command):
            first, longest = int(found[1] or 0), int(found[2] or len(mail))
            piece = mail[first : first + longest]
            name = "BODY[]" + (f"<{first}>" if found[1] else "")
            return b"* %d FETCH (UID %d %b {%d}\r\n%b)\r\n" % (
                uid,
                uid,
                name.encode(),
                len(piece),
                piece,
            )
        head = re.search(rb"(?im)^message-id:[^\n]*\n", mail)
        line = (head[0] if head else b"") + b"\r\n"
        return (
            b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "29-Nov-2026 12:00:00 +0000" '
            b"BODY[HEADER.FIELDS (MESSAGE-ID)] {%d}\r\n%b)\r\n"
            % (uid, uid, self.sizes.get(uid, len(mail)), len(line), line)
        )


@asynccontextmanager
async def running_odd_server() -> AsyncIterator[OddServer]:
    """Give a server on a free port."""
    odd = OddServer()
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            talks.add(task)
        try:
            await _talk(odd, reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    odd.port = server.sockets[0].getsockname()[1]
    try:
        yield odd
    finally:
        server.close()
        for talk in talks:
            talk.cancel()


async def _talk(odd: OddServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(odd.greeting)
    while line := await reader.readline():
        tag, _, command = line.decode("latin-1").strip().partition(" ")
        odd.commands.append(command)
        oddity = odd.oddity(command)
        if oddity is None:
            return
        if isinstance(oddity, bytes):
            writer.write(oddity.replace(b"TAG", tag.encode()))
            if not oddity.endswith(b"\n"):
                await writer.drain()
                return
        elif command == "IDLE":
            await _idle(odd, reader, writer)
            writer.write(f"{tag} OK idled\r\n".encode())
        else:
            writer.write(odd.answer(command) + f"{tag} OK done\r\n".encode())
        await writer.drain()


async def _idle(odd: OddServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    news = odd.in_idle()
    writer.write(b"+ idling\r\n" + (news or b""))
    await writer.drain()
    if news is None:
        raise EOFError
    reading = asyncio.ensure_future(reader.readline())
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=0.1)
            if len(odd.mails) != odd.known:
                odd.known = len(odd.mails)
                writer.write(f"* {odd.known} EXISTS\r\n".encode())
                await writer.drain()
    finally:
        reading.cancel()
