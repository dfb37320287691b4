"""Which mails may join a thread, and what their holders may read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Direction
from shared.mail.threads import (
    ClaimedSender,
    claimed_sender_in,
    named_by,
    nearest_of_other_threads,
    people_of,
    person,
    proves,
    thread_membership,
)
from tests.unit.domain.examples import inbound

ANN = ClaimedSender("ann@example.org")
THIEF = ClaimedSender("thief@example.org")
BOX = "support@demo.example"


def arrived(mail_id: str, sender: str = "ann@example.org", **fields: Any) -> Interaction:
    """Return a mail that arrived under the id <mail_id@x>."""
    mail = Email(sender=Address(sender), message_id=f"<{mail_id}@x>")
    return inbound(id=mail_id, mail=mail, **{"thread_id": mail_id} | fields)


def sent(mail_id: str, *to: str, after: Interaction, **copies: Any) -> Interaction:
    """Return a mail that an agent wrote in the thread of another one."""
    mail = Email(
        sender=Address(BOX),
        to=tuple(map(Address, to)),
        message_id=f"<{mail_id}@demo.example>",
        **copies,
    )
    return inbound(
        id=mail_id,
        direction=Direction.OUTBOUND,
        mail=mail,
        thread_id=after.thread_id,
        branches=after.readable_branches,
    )


def answer(mail_id: str, *named: Interaction, speaker: ClaimedSender = ANN) -> Interaction:
    """Return a mail that names others, nearest first, where it belongs."""
    ids = [one.mail.message_id for one in named]
    found = thread_membership(mail_id, BOX, ids, [one for one in named if proves(speaker, one)])
    mail = arrived(mail_id, speaker.address)
    mail = replace(mail, mail=replace(mail.mail, references=tuple(reversed(ids))))
    if found is None:
        return mail
    return replace(
        mail, parent_id=found.parent_id, thread_id=found.thread_id, branches=found.branches
    )


def opens(held: Interaction, other: Interaction) -> bool:
    return other.branch in held.readable_branches


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "Ann@Example.ORG"),
        ("ann@example.org", "ann+shop@example.org"),
        ("ann+a@example.org", "ann+b@example.org"),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
        ("jo\u0308rg@example.org", "J\u00d6RG@example.org"),
        (" ann@example.org ", "ann@example.org"),
        ('"ann"@example.org', "ann@example.org"),
        ('"a\\n\\n"@example.org', "ann@example.org"),
        ('"ann+shop"@example.org', "ann@example.org"),
        ('"ann\\ b"@example.org', '"ann b"@example.org'),
    ],
)
def test_spellings_of_one_address_are_one_person(one: str, other: str) -> None:
    assert person(one) == person(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "ann@example.com"),
        ("ann@example.org", "an.n@example.org"),
        ("SRS0=x=y=example.org=ann@relay.example", "ann@example.org"),
        ("+ann@example.org", "+bob@example.org"),
        ('"ann"bob"@example.org', "annbob@example.org"),
        ('"an\\\\n"@example.org', "ann@example.org"),
    ],
)
def test_other_addresses_are_other_people(one: str, other: str) -> None:
    assert person(one) != person(other)


@pytest.mark.parametrize(
    "text", ["", "MAILER-DAEMON", "@example.org", "ann@", "ann@" + "\u00fc" * 80]
)
def test_malformed_address_proves_nothing(text: str) -> None:
    nobody = replace(arrived("a"), mail=Email(sender=Address(text), message_id="<a@x>"))

    assert person(text) == ""
    assert people_of(nobody) == frozenset()
    assert not proves(ClaimedSender(text), nobody)


def test_a_sender_proves_with_the_id_of_an_own_mail() -> None:
    assert proves(ANN, arrived("a"))
    assert not proves(THIEF, arrived("a"))


def test_everybody_whom_we_sent_an_id_to_proves_with_it() -> None:
    copies = {"cc": (Address("bo@example.org"),), "bcc": (Address("cy@example.org"),)}
    ours = sent("r", "ann@example.org", after=arrived("a"), **copies)

    assert all(proves(ClaimedSender(f"{name}@example.org"), ours) for name in ("ann", "bo", "cy"))
    assert not proves(THIEF, ours)
    assert not proves(ClaimedSender(BOX), ours)


def test_a_delivery_report_proves_with_ids_of_ours_only() -> None:
    daemon = ClaimedSender("mailer-daemon@example.net", is_report=True)
    root = arrived("a")

    assert proves(daemon, sent("r", "ann@example.org", after=root))
    assert not proves(daemon, root)


def test_own_mail_has_no_claimed_sender() -> None:
    assert claimed_sender_in(sent("r", "ann@example.org", after=arrived("a"))) == ClaimedSender("")


def test_a_mail_without_proof_begins_a_thread() -> None:
    root = arrived("a")

    assert answer("m", root, speaker=THIEF).thread_id == "m"
    assert not opens(answer("m", root, speaker=THIEF), root)


def test_nearest_proven_id_is_the_parent() -> None:
    root = arrived("a")
    to_bo = sent("r1", "bo@example.org", after=root)
    to_ann = sent("r2", "ann@example.org", after=root)

    back = answer("b", to_bo, to_ann, root)

    assert (back.parent_id, back.thread_id) == ("r2", "a")


def test_an_answer_opens_the_mails_before_it() -> None:
    root = arrived("a")
    ours = sent("r1", "ann@example.org", after=root)
    aside = sent("f1", "expert@example.org", after=root)
    back = answer("b", ours, root)

    assert all(opens(back, one) for one in (root, ours, aside))
    assert opens(root, back)


def test_a_second_mail_opens_the_first_and_not_the_other_way() -> None:
    root = arrived("a")
    ours = sent("r1", "ann@example.org", after=root)
    second = answer("b", root)
    third = answer("c", sent("r2", "ann@example.org", after=second), second)

    assert second.thread_id == third.thread_id == "a"
    assert all(opens(one, other) for one in (second, third) for other in (root, ours, second))
    assert not opens(root, second)
    assert not opens(root, third)


def test_sender_who_plants_an_id_reads_nothing() -> None:
    planted = arrived("newsletter")
    own_reply = sent("bait", "ann@example.org", after=planted)
    theirs = answer("b", planted)
    words = sent("r", "ann@example.org", after=theirs)

    again = [answer("m", planted), answer("n", own_reply, planted)]

    assert theirs.thread_id == "newsletter"
    for held in (planted, own_reply, *again):
        assert not opens(held, theirs)
        assert not opens(held, words)


def test_member_of_an_older_release_opens_no_branch() -> None:
    root = arrived("a")
    old = arrived("p", thread_id="a")

    back = answer("b", old)

    assert (back.thread_id, back.parent_id) == ("a", "p")
    assert not opens(back, root)
    assert old.readable_branches == ()


def test_parent_in_two_mailboxes_is_that_of_the_same_mailbox() -> None:
    mail = Email(sender=Address("ann@example.org"), message_id="<a@x>")
    two = [
        inbound(id=name, thread_id=name, mail=mail, mailbox=f"{name}@demo.example")
        for name in ("sales", "support")
    ]

    for proven in (two, two[::-1]):
        found = thread_membership("b", "Support@demo.example", ["<a@x>"], proven)
        assert found is not None
        assert found.thread_id == "support"


def by(author: str | None, ours: Interaction) -> Interaction:
    return replace(ours, owner_id=author)


def author_of(*proven: Interaction) -> str | None:
    """Return the author that a mail answers if it names these, nearest first."""
    found = thread_membership("b", BOX, [one.mail.message_id for one in proven], proven)
    return found.author_id if found else None


def test_the_author_is_that_of_the_nearest_mail_of_ours() -> None:
    root = arrived("a", owner_id="agent3")
    older = by("agent1", sent("r1", "ann@example.org", after=root))
    newer = by("agent2", sent("r2", "ann@example.org", after=root))

    assert author_of(newer, older, root) == "agent2"
    assert author_of(arrived("m", thread_id="a"), older, root) == "agent1"


def test_mail_that_no_agent_wrote_leaves_the_author_before_it() -> None:
    root = arrived("a")
    notice = by(None, sent("r2", "ann@example.org", after=root))
    ours = by("agent1", sent("r1", "ann@example.org", after=root))

    assert author_of(notice, ours, root) == "agent1"
    assert author_of(notice, root) is None


def test_mail_of_another_thread_names_no_author() -> None:
    elsewhere = by("agent1", sent("r", "ann@example.org", after=arrived("z")))

    assert author_of(arrived("a", owner_id="agent3"), elsewhere) is None


def test_a_thread_of_very_many_mails_keeps_the_newest_branches() -> None:
    last = arrived("m0")
    for number in range(1, 100):
        last = answer(f"m{number}", last)

    assert last.thread_id == "m0"
    assert len(last.readable_branches) == 31
    assert last.readable_branches[-2:] == ("m98", "m99")


def test_an_id_of_our_making_is_not_looked_for() -> None:
    mail = Email(in_reply_to="<aa@derived.invalid>", references=("<b@x>", ""), message_id="<c@x>")

    assert named_by(inbound(mail=mail)) == ("<b@x>",)


def test_other_threads_have_one_perhaps_related_mail_each() -> None:
    named = [arrived(f"m{number}", thread_id=f"t{number // 2}") for number in range(20)]
    ids = tuple(one.mail.message_id for one in reversed(named))
    mail = inbound(thread_id="t0", mail=Email(references=ids))

    found = nearest_of_other_threads(mail, named)

    assert [one.id for one in found] == ["m2", "m4", "m6", "m8", "m10"]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("customer", "agent", "thief", "thief's reply")),
        st.lists(st.integers(0, 30), min_size=1, max_size=4),
    ),
    max_size=30,
)
KNOWN = {
    # The thief may have guessed what the customer will name, and have used it as an own id.
    "customer": ("customer", "agent", "thief"),
    "agent": ("customer",),
    "thief": ("thief", "thief's reply"),
    "thief's reply": ("thief",),
}
"""Whose Message-IDs each of them can name."""


@given(ACTS)
def test_sender_without_proven_ids_opens_no_mail_of_others(
    acts: list[tuple[str, list[int]]],
) -> None:
    written: list[tuple[str, Interaction]] = []
    for number, (author, chosen) in enumerate(acts):
        some = [written[place] for place in chosen if place < len(written)]
        named = [mail for by, mail in some if by in KNOWN[author]]
        if author in ("customer", "thief"):
            written.append((author, answer(f"{number}", *named)))
        elif named:
            written.append((author, sent(f"{number}", ANN.address, after=named[0])))

    for by, held in written:
        others = [mail for author, mail in written if author in ("customer", "agent")]
        assert not (by.startswith("thief") and any(opens(held, one) for one in others))
