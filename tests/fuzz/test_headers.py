"""No field of a mail adds a header to it."""

from hypothesis import given
from hypothesis import strategies as st

from services.composition.redirect import resent_headers
from services.composition.rendering.header_fields import UnsendableMailError
from shared.domain.interaction import Address, Email
from shared.mail.mime.encoded_words import decode_value
from shared.mail.trace_fields import trace
from tests.unit.composition.freezer import AT, frozen
from tests.unit.composition.hostile import in_b, in_q
from tests.unit.composition.rendering.test_header_injection import PLACES, require_ours
from tests.unit.composition.strict_reader import names_in

ANY = st.text(st.characters(exclude_categories=()), max_size=80)
MARKS = st.sampled_from(
    ["\r\n", "\r", "\n", "\0", " ", "\t", "\r\n\r\n", "\r\nX: y", "\u2028", "\x85", "\x0b", "\x1c"]
)
EDGES = st.sampled_from(
    ["=?utf-8?q?", "=?utf-8?b?", "?=", "=?", "=0D=0A", '"', "\\", "<", ">", ","]
)
WHOLE = st.text(max_size=40) | st.lists(MARKS, max_size=4).map("".join)
WORDS = st.recursive(WHOLE, lambda inner: inner.map(in_q) | inner.map(in_b), max_leaves=4)
TEXTS = st.lists(ANY | MARKS | EDGES | WORDS, max_size=6).map("".join)


@given(st.dictionaries(st.sampled_from(PLACES), TEXTS))
def test_no_field_of_a_mail_adds_a_header(mail: dict[str, str]) -> None:
    require_ours(frozen(mail))


@given(TEXTS, TEXTS, TEXTS)
def test_no_field_of_a_redirect_adds_a_header(address: str, name: str, message_id: str) -> None:
    mail = Email(to=(Address(address, name), Address(f"a@{name}")), message_id=message_id)
    for one in (mail, Email(to=(Address("a@x.org", name),), message_id=f"<{message_id}@x>")):
        try:
            added = resent_headers(one, Address("support@demo.example", name), AT)
        except UnsendableMailError:
            continue
        assert len(names_in(added)) == 4


@given(TEXTS, TEXTS, TEXTS)
def test_no_word_of_a_client_adds_a_trace_header(sender: str, name: str, peer: str) -> None:
    octets = trace(
        sender=sender,
        recipients=[name],
        name=name,
        peer=peer,
        host="mx.example",
        protocol="ESMTP",
        now=AT,
    )

    assert names_in(octets.replace(b"\r\n\t", b"\r\n ")) == ["Return-Path", "Received"]


@given(TEXTS)
def test_no_arriving_subject_is_on_two_lines(text: str) -> None:
    try:
        subject = decode_value(text.encode(errors="replace"), words=10_000)
    except ValueError:
        return

    assert len(subject.splitlines()) <= 1
