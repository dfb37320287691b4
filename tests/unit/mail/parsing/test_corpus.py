"""Real mails of other projects, if present: none fails, and no content is lost."""

import email
import os
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from services.ingest.parser.parsed_mail_json import dump, load
from shared.mail.limits import UnparsableMailError
from shared.mail.mime.structure import Structure, read_structure
from shared.mail.parsing.parser import parse_mail
from shared.mail.threads import thread_references
from shared.mail.warnings import WARNINGS
from tests.unit.mail.mails import files_of

CHECKOUT = Path(__file__).resolve().parents[4]
CORPUS = Path(os.environ.get("MAILROOM_CORPUS", CHECKOUT.parent / "shared" / "corpus"))

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus of mails at {CORPUS}")


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return {
        str(path.relative_to(CORPUS)): path.read_bytes()
        for path in sorted(CORPUS.rglob("*"))
        if path.is_file() and path.name != "README.md"
    }


def test_every_mail_is_read_or_refused_for_a_limit(corpus: dict[str, bytes]) -> None:
    refused = []
    for name, raw in corpus.items():
        try:
            parsed = parse_mail(raw)
        except UnparsableMailError:
            refused.append(name)
        else:
            assert load(dump(parsed)) == parsed, name
            assert WARNINGS.keys() >= {*parsed.warnings}, name

    assert refused == []


def test_every_file_in_every_mail_can_be_had_back(corpus: dict[str, bytes]) -> None:
    for name, raw in corpus.items():
        for attachment, octets in files_of(raw):
            assert attachment.size == len(octets), name


def test_well_formed_mail_has_the_parts_of_the_standard_library(
    corpus: dict[str, bytes],
) -> None:
    other = [name for name, raw in corpus.items() if not _agrees(raw)]

    # The rest is damage that the standard library reads as text: 3 % of this corpus.
    assert len(other) <= len(corpus) * 0.04


def test_replies_find_their_parents(corpus: dict[str, bytes]) -> None:
    ham = [raw for name, raw in corpus.items() if "spamassassin-public" in name and "ham" in name]
    parsed = [parse_mail(raw) for raw in ham]
    known = {mail.message_id for mail in parsed}
    children = [mail for mail in parsed if known & {*mail.in_reply_to, *mail.references}]

    assert all(known.intersection(thread_references(mail)) for mail in children)


def _agrees(raw: bytes) -> bool:
    try:
        expected = [_summary(part) for part in _leaves(email.message_from_bytes(raw))]
    except RecursionError:
        return False
    return _found(read_structure(raw)) == expected


def _found(structure: Structure) -> list[tuple[str, bytes]]:
    return [
        (
            leaf.media_type,
            b"" if leaf.media_type.startswith("message/") else leaf.content().rstrip(),
        )
        for leaf in structure.leaves
    ]


def _leaves(message: Message) -> Iterator[Message]:
    parts = message.get_payload() if message.get_content_maintype() == "multipart" else None
    if not isinstance(parts, list):
        yield message
        return
    for part in parts:
        if isinstance(part, Message):
            yield from _leaves(part)


def _summary(part: Message) -> tuple[str, bytes]:
    content = part.get_payload(decode=True)
    return part.get_content_type(), content.rstrip() if isinstance(content, bytes) else b""
