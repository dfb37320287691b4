"""The child process of `IsolatedParser`: parses mails from standard input until that closes."""

import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from typing import BinaryIO

from services.ingest.parser.parsed_mail_json import dump
from services.ingest.parser.pipe_framing import (
    ANSWER,
    FAILED,
    READ,
    REFUSED,
    REQUEST,
    STARTED,
    unpack_request,
)
from shared.mail.limits import UnparsableMailError
from shared.mail.parsing.parser import parse_mail
from shared.mail.sections.reader import bounded_sections


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Handle requests until the parent closes the pipe or has died."""
    answers.write(STARTED)
    answers.flush()
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        length, seconds = REQUEST.unpack(head)
        request = requests.read(length)
        # If the parent has died and cannot kill this process, the alarm ends it, even in C code.
        signal.alarm(seconds)
        mark, content = handle(request)
        signal.alarm(0)
        answers.write(ANSWER.pack(len(content), mark))
        answers.write(content)
        answers.flush()


def handle(request: bytes) -> tuple[bytes, bytes]:
    """Return the mark and the content of the response to one request."""
    sender, raw = unpack_request(request)
    try:
        mail = parse_mail(raw, envelope_sender=sender)
        mail = replace(mail, sections=bounded_sections(mail.text))
    except UnparsableMailError as error:
        return REFUSED, str(error).encode()
    except Exception as error:  # noqa: BLE001 - one mail must not end the parser of the others
        return FAILED, _place(error).encode()
    return READ, dump(mail)


def _place(error: Exception) -> str:
    """Return the type and the line of an error, without any of the mail's content."""
    frames = list(walk_tb(error.__traceback__))
    frame, line = frames[-1]
    return f"{type(error).__name__} in {Path(frame.f_code.co_filename).name}:{line}"


def main() -> None:
    """Serve standard input and output within the memory that the first argument allows."""
    # Ctrl-C reaches the whole process group; only the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
