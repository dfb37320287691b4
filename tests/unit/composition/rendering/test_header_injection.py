"""No text of a stranger or an agent becomes a header, whichever Python writes the mail."""

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from importlib.util import find_spec
from pathlib import Path

import pytest

from services.composition.draft_rules import draft_reply
from services.composition.redirect import resent_headers
from services.composition.rendering.header_fields import Field, UnsendableMailError, block
from services.composition.rendering.renderer import render
from shared.contracts.commands import DraftReply
from shared.contracts.contact_center import ContactCenter
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.mail.parsing.parser import parse_mail
from tests.unit.composition.freezer import frozen
from tests.unit.composition.hostile import INNER, TEXTS, in_q
from tests.unit.composition.interpreters import MINORS, found
from tests.unit.composition.strict_reader import names_in, names_on_top

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[4]
PLACES = ("subject", "personal", "address", "name", "media_type", "content_id", "id")
MAILS = [{place: text} for place in PLACES for text in TEXTS]
OURS = {"From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"}
MIME = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
FILE = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}


def require_ours(pieces: list[str] | None) -> None:
    """Make sure that a frozen mail and each of its parts have our headers only."""
    if pieces is None:
        return
    octets = b"".join(map(base64.b64decode, pieces))
    top = names_on_top(octets)
    assert len(top) == len(set(top))
    assert set(top) <= OURS | MIME
    for part in octets.split(b"\r\n--=_")[1:]:
        if part.split(b"\r\n", 1)[0].endswith(b"--"):
            continue
        names = names_on_top(part.split(b"\r\n", 1)[1])
        assert set(names) <= FILE
        assert len(names) == len(set(names))


def arrived(subject: str) -> Interaction:
    raw = f"From: ann@example.org\r\nSubject: {subject}\r\nMessage-ID: <1@x>\r\n\r\nHello"
    return Interaction(
        id="I1",
        direction=Direction.INBOUND,
        subtype="InboundNew",
        state=State.ACCEPTED,
        queue="support",
        received_at=AT,
        queued_at=AT,
        mailbox="support@demo.example",
        mail=Email(
            subject=parse_mail(raw.encode()).subject,
            sender=Address("ann@example.org"),
            message_id="<1@x>",
        ),
    )


def answer_to(original: Interaction) -> Email:
    command = DraftReply(
        interaction_id="I1", agent_id="a", reply_id="R1", queue="drafts", subject_prefix="Re: "
    )
    draft = draft_reply(original, command, ContactCenter(name="test"), AT, includes_to=False)
    return replace(draft.mail, message_id="<reply@demo.example>")


def test_reply_to_a_nested_encoded_word_injects_no_header() -> None:
    octets = render(answer_to(arrived(in_q(in_q(INNER)))), AT)

    assert set(names_on_top(octets)) == (OURS | MIME) - {"Cc"}
    assert b"<h1>" not in octets


def test_an_arriving_subject_is_decoded_once_on_its_way_back() -> None:
    original = arrived(in_q(in_q("x")))

    octets = render(answer_to(original), AT)

    assert original.mail.subject == in_q("x")
    assert parse_mail(octets).subject == f"Re: {in_q('x')}"


@pytest.mark.parametrize("mail", MAILS, ids=lambda one: ascii(one)[:40])
def test_no_text_in_any_place_adds_a_header(mail: dict[str, str]) -> None:
    require_ours(frozen(mail))


@pytest.mark.parametrize("mark", "\x01\t\x0b\x0c\x1c\x1d\x1e\x1f\x7f\x85\u2028\u2029")
def test_a_mark_that_ends_lines_somewhere_is_sent_as_a_blank(mark: str) -> None:
    mail = answer_to(arrived("Hello"))

    octets = render(replace(mail, subject=f"a{mark}b", to=(Address("a@x.org", f"c{mark}d"),)), AT)

    read = message_from_bytes(octets, policy=policy.default)
    assert read["Subject"] == "a b"
    assert read["To"].addresses[0].display_name == "c d"


@pytest.mark.parametrize(
    "subject",
    ["Hello", "", "=?", "=?utf-8?q?x?=", "a  b", " a ", "word " * 60 + "end", "Grüße", "w" * 500],
)
def test_every_subject_arrives_as_it_was_written(subject: str) -> None:
    octets = render(replace(answer_to(arrived("Hello")), subject=subject), AT)

    read = message_from_bytes(octets, policy=policy.default)
    assert "".join(read["Subject"].split()) == "".join(subject.split())
    assert all(len(line) <= 78 for line in octets.partition(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize("mark", ["\r\n", "\r", "\n", "\0", "\r\n ", "\r\n\r\n", "\x0b", "\x1f"])
def test_no_block_leaves_with_a_break_that_is_no_fold_of_ours(mark: str) -> None:
    for lines in ((f"a{mark}b",), ("a", f"b{mark}"), (mark,), ("a", "")):
        with pytest.raises(UnsendableMailError):
            block([Field("From", ("x",)), Field("Subject", lines)])


@pytest.mark.parametrize("name", ["", "X\r\nY", "X Y", "X:", "X\0"])
def test_no_block_leaves_with_a_name_that_is_none(name: str) -> None:
    with pytest.raises(UnsendableMailError):
        block([Field(name, ("x",))])


def test_redirect_adds_four_fields() -> None:
    mail = Email(to=(Address("a@x.org"), Address("b@x.org")), message_id="<1@demo.example>")

    added = resent_headers(mail, Address("support@demo.example"), AT)

    assert names_in(added) == ["Resent-From", "Resent-To", "Resent-Date", "Resent-Message-ID"]


@pytest.mark.parametrize("text", TEXTS, ids=lambda one: ascii(one)[:40])
def test_no_text_gets_into_what_a_redirect_adds(text: str) -> None:
    for mail in (
        Email(to=(Address(text),), message_id="<1@demo.example>"),
        Email(to=(Address(f"a@{text}"),), message_id="<1@demo.example>"),
        Email(to=(Address("a@x.org", text),), message_id="<1@demo.example>"),
        Email(to=(Address("a@x.org"),), message_id=text),
        Email(to=(Address("a@x.org"),), message_id=f"<{text}@x>"),
    ):
        try:
            added = resent_headers(mail, Address("support@demo.example", text), AT)
        except UnsendableMailError:
            continue
        assert len(names_in(added)) == 4


@pytest.fixture(scope="module")
def pythons() -> Mapping[str, str]:
    """A program for each Python on this machine."""
    programs = found()
    print("Pythons found:", ", ".join(sorted(programs)))
    return programs


@pytest.mark.parametrize("minor", MINORS)
def test_no_python_version_writes_an_injected_header(
    minor: int, pythons: Mapping[str, str], tmp_path: Path
) -> None:
    versions = [one for one in sorted(pythons) if one.startswith(f"3.{minor}.")]
    if not versions:
        pytest.skip(f"Python 3.{minor} is not on this machine")
    idna = find_spec("idna")
    assert idna is not None
    assert idna.origin is not None
    # All that a mail needs beside the standard library, and nothing made for one Python only.
    (tmp_path / "idna").symlink_to(Path(idna.origin).parent)
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}

    for version in versions:
        answer = subprocess.run(  # noqa: S603 - a Python found on PATH
            [pythons[version], "-s", "-P", str(ROOT / "tests/unit/composition/freezer.py")],
            input=json.dumps(MAILS),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **paths, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert answer.returncode == 0, (version, answer.stderr)
        for pieces in json.loads(answer.stdout):
            require_ours(pieces)
        print(f"no text became a header on Python {version}")
