"""The sections of a mail's text: what is new, quoted, a signature or a notice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.html.sanitizer import sanitise
from shared.mail.html.text import to_text
from shared.mail.sections.reader import bounded_sections, sections
from tests.bench.sections.__main__ import is_same, newest, right_lines, score
from tests.bench.sections.labelled_mails import (
    CORPUS,
    corpus_mails,
    mails_in_languages,
    written_mails,
)

SCRAPS = (
    "> ", ">", "\n", "\n\n", "-- \n", "wrote:", "On 3 March 2021", "From: a@b.example\n", "Sent: ",
    "Subject: x\n", "-----Original Message-----\n", "___________\n", "Sent from my iPhone\n", "😀",
    "Begin forwarded message:\n", "confidential", "写道", "a@b.example", "\r\n", "\u202a", " ",
    "Am 3.3.2021 schrieb Ann:\n", "Regards,\n", "Tel: +49 30 1234567\n", "| ", "\x1c", "\u2028",
)  # fmt: skip
GMAIL = (
    '<div>Fine.<div class="gmail_quote"><div class="gmail_attr">On Wed, Mar 3, 2021 at 10:10 AM Sup'
    ' &lt;<a href="mailto:s@d.example">s@d.example</a>&gt; wrote:<br></div><blockquote'
    ' class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">'
    "<div>Is it fine?</div></blockquote></div></div>"
)
APPLE = (
    "<div>Second answer below.</div><blockquote type=cite><div>On 3 Mar 2021, at 10:10, Sup"
    " &lt;s@d.example&gt; wrote:</div><div>First?</div></blockquote><div>Yes.</div>"
)
OUTLOOK = (
    "<p>Agreed.</p><hr><div id=divRplyFwdMsg><b>From:</b> Sup &lt;s@d.example&gt;<br><b>Sent:</b>"
    " Wednesday, March 3, 2021 10:10 AM<br><b>To:</b> Ann &lt;a@c.example&gt;<br><b>Subject:</b>"
    " Contract</div><div>Do you agree?</div>"
)
WORD = (
    "<div><p class=MsoNormal>Agreed.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p"
    " class=MsoNormal><b>Von:</b> Sup &lt;s@d.example&gt; <br><b>Gesendet:</b> Mittwoch, 3. März"
    " 2021 10:10<br><b>An:</b> Anna<br><b>Betreff:</b> Vertrag</p></div><p>Einverstanden?</p></div>"
)


@given(st.lists(st.sampled_from(SCRAPS) | st.text(max_size=8)).map("".join))
def test_sections_of_any_text_are_the_whole_text(text: str) -> None:
    found = sections(text)

    assert "".join(text[one.start : one.end] for one in found) == text
    assert all(one.end == two.start for one, two in pairwise(found))
    assert all(one.kind != two.kind for one, two in pairwise(found))


def test_many_sections_end_in_a_new_one() -> None:
    text = "> a\nb\n" * 500

    found = bounded_sections(text, most=10)

    assert len(found) == 10
    assert (found[-1].kind, found[-1].end) == ("new", len(text))
    assert bounded_sections("Hello") == tuple(sections("Hello"))


def test_last_section_of_a_long_text_goes_on_to_its_end() -> None:
    text = "Hello\n" + "> a\n" * 30_000

    assert [(one.kind, one.end) for one in bounded_sections(text)] == [
        ("new", 6),
        ("quoted", len(text)),
    ]


def test_no_text_has_no_section() -> None:
    assert sections("") == []


def test_blank_lines_belong_to_the_section_before_them() -> None:
    found = sections("\nYes.\n\n-- \nAnn\n\n")

    assert [(one.kind, one.start, one.end) for one in found] == [
        ("new", 0, 7),
        ("signature", 7, 16),
    ]


def test_attribution_inside_a_line_begins_at_its_first_word() -> None:
    text = "Yes On Wed, Apr 4, 2012 at 3:59 PM, bob@example.com wrote:\n> Really?"

    found = sections(text)

    assert [(one.kind, text[one.start : one.end]) for one in found] == [
        ("new", "Yes "),
        ("attribution", "On Wed, Apr 4, 2012 at 3:59 PM, bob@example.com wrote:\n"),
        ("quoted", "> Really?"),
    ]


def test_quotation_in_the_line_of_its_attribution_is_not_new() -> None:
    text = "Thanks! On Mon, Jan 4, 2021 at 10:00 AM Bob <b@client.example> wrote: > Hello"

    assert newest(text) == "Thanks!"


def test_original_message_inside_a_line_begins_at_the_dashes() -> None:
    text = "Yes -------- Original Message --------\nReally?"

    assert newest(text) == "Yes"


@pytest.mark.parametrize(
    ("html", "new"),
    [
        (GMAIL, "Fine."),
        (APPLE, "Second answer below.\n\nYes."),
        (OUTLOOK, "Agreed."),
        (WORD, "Agreed."),
    ],
    ids=["gmail", "apple", "outlook", "word"],
)
def test_html_is_told_apart_by_the_marks_of_its_program(html: str, new: str) -> None:
    assert newest(to_text(sanitise(html) or "")) == new


def test_written_mails_are_told_apart() -> None:
    mails = [*written_mails(), *mails_in_languages()]

    other = [mail.name for mail in mails if not is_same(mail)]

    assert len(mails) > 250
    assert not other


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus of mails at {CORPUS}")
def test_mails_of_the_corpus_are_told_apart() -> None:
    mails = list(corpus_mails())

    assert score(mails, is_same) > 95
    assert score(mails, right_lines) > 98
