"""Which mails a rule meets, and what the rules of a mailbox decide together."""

import time
from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.screening import ScreeningRule, TextTest
from shared.mail.parsing.parser import parse_mail
from shared.screening import mail_texts
from shared.screening.mail_texts import MailTexts
from shared.screening.rules import ScreenedMail, Screening, meets, screened
from shared.screening.text_tests import SearchedText, passes

MAIL = b"""\
From: "ceo@bank.example" <Ann.Lee@Example.org>\r
To: support@demo.example, <sales@demo.example>\r
Subject: Please unsubscribe me from =?utf-8?q?B=C3=A4nder?=\r
Content-Language: de-DE, en\r
X-Spam-Flag: YES, certainly\r
X-Spam-Flag: no\r
List-Id: <news.example.org>\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
\r
The invoice 4711 is wrong.\r
--b\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename=a.pdf\r
\r
x\r
--b--\r
"""


def mail_of(raw: bytes = MAIL, *, authenticated: bool | None = None) -> ScreenedMail:
    return ScreenedMail(
        MailTexts(parse_mail(raw), raw),
        "support@demo.example",
        authenticated,
        is_contact_known=True,
        contact_groups=("old", "gold"),
    )


def rule(when: dict[str, Any], name: str = "one", **then: Any) -> ScreeningRule:
    return ScreeningRule.model_validate(
        {"name": name, "when": when, "then": then or {"queue": "q"}}
    )


def holds(when: dict[str, Any], mail: ScreenedMail | None = None) -> bool:
    return meets(rule(when).when, mail or mail_of())


@pytest.mark.parametrize(
    "when",
    [
        {"from": "ann.lee@example.org"},
        {"from": {"glob": "*@example.org"}},
        {"to": "sales@demo.example"},
        {"subject": "Unsubscribe"},
        {"subject": {"contains": "scribe me"}},
        {"subject": {"matches": "un?subscribe.*BÄNDER$"}},
        {"body": "4711"},
        {"header": {"x-spam-flag": "yes"}},
        {"header": {"X-Spam-Flag": {"glob": "no"}}},
        {"mailbox": "Support@demo.example"},
        {"size": {"over": 100, "under": "1 MB"}},
        {"language": "de"},
        {"automatic": True},
        {"automatic": "mailing list"},
        {"has_attachment": True},
        {"attachment.type": {"glob": "application/*"}},
        {"authenticated": "unknown"},
        {"contact.known": True},
        {"contact.group": "Gold"},
        {"not": {"cc": {"glob": "*"}}},
        {"any": [{"subject": "nothing"}, {"all": [{"body": "invoice"}, {"body": "wrong"}]}]},
    ],
)
def test_condition_holds_for_the_mail(when: dict[str, Any]) -> None:
    assert holds(when)


@pytest.mark.parametrize(
    "when",
    [
        {"from": "lee@example.org"},
        {"from": {"glob": "*@bank.example"}},  # the name beside the address is anybody's
        {"subject": "scribe"},
        {"body": "471"},
        {"header": {"x-spam-flag": "ye"}},
        {"header": {"x-other": {"glob": "*"}}},
        {"size": {"over": "1 MB"}},
        {"language": "en"},
        {"automatic": "Precedence"},
        {"has_attachment": False},
        {"authenticated": True},
        {"authenticated": False},
        {"contact.known": False},
        {"contact.group": "silver"},
        {"subject": "unsubscribe", "body": "nothing"},
        {"all": [{"body": "invoice"}, {"not": {"body": "wrong"}}]},
    ],
)
def test_condition_does_not_hold_for_the_mail(when: dict[str, Any]) -> None:
    assert not holds(when)


def test_proven_sender_is_told_from_unknown_one() -> None:
    assert holds({"authenticated": True}, mail_of(authenticated=True))
    assert holds({"authenticated": False}, mail_of(authenticated=False))


def test_first_place_decides_and_the_rest_adds_up() -> None:
    rules = [
        rule({"body": "nothing"}, "unmet", discard="spam"),
        rule({"body": "wrong"}, "first", queue="low", user_data={"A": "1"}),
        rule({"body": "wrong"}, "second", discard="spam", user_data={"A": "2", "B": "3"}),
        rule({"body": "wrong"}, "third", acknowledge=False),
    ]

    result = screened(rules, mail_of())

    assert (result.queue, result.discard, result.acknowledges) == ("low", None, False)
    assert dict(result.user_data) == {"A": "1", "B": "3"}
    assert result.words == (
        "first: to queue low, attach A; "
        "second: discard as spam (an earlier rule decided), attach A, B; "
        "third: do not acknowledge"
    )


def test_priorities_and_needs_of_rules_add_up() -> None:
    rules = [
        rule({"body": "wrong"}, "first", priority=6, needs={"german": 2}, template="gold"),
        rule({"body": "wrong"}, "second", priority=6, needs={"german": 1, "billing": 3}),
        rule({"body": "wrong"}, "third", template="other"),
    ]

    result = screened(rules, mail_of())

    assert (result.priority, result.template) == (10, "gold")
    assert dict(result.needs) == {"german": 2, "billing": 3}
    assert result.words == (
        "first: priority +6, for german >= 2, acknowledge with gold; "
        "second: priority +6, for german >= 1 and billing >= 3; third: acknowledge with other"
    )


def test_condition_on_hours_goes_by_the_arrival() -> None:
    mail = replace(mail_of(), open_hours=frozenset({"office"}))

    assert holds({"hours": "office"}, mail)
    assert holds({"not": {"hours": "night"}}, mail)
    assert not holds({"hours": "night"}, mail)


def test_without_a_rule_that_meets_nothing_changes() -> None:
    assert screened([rule({"body": "nothing"})], mail_of()) == Screening()


@pytest.mark.parametrize("letter", ["a", "ä"])
@pytest.mark.parametrize(
    "test",
    [
        {"glob": "*a" * 120 + "*b"},
        {"matches": "(a+)+b"},
        {"matches": "(a|aa)*c"},
        {"contains": "a" * 200 + "b"},
        "a" * 200 + "b",
        "a",
    ],
)
def test_hostile_text_is_tested_in_a_moment(test: Any, letter: str) -> None:
    written = str(test).replace("a", letter) if isinstance(test, str) else test
    letters = letter.encode()
    mail = mail_of(b"From: a@b.c\r\nSubject: " + letters * 900 + b"\r\n\r\n" + letters * 500_000)

    began = time.process_time()
    holds({"any": [{"subject": written}, {"body": written}]}, mail)

    assert time.process_time() - began < 1


def test_slow_pattern_searches_as_much_as_its_time_allows() -> None:
    slow = {"matches": "(?:[a-j ]{0,700})zz"}  # took two seconds on this text
    mail = mail_of(b"From: a@b.c\r\nX-Long: " + b"a" * 3_000 + b"\r\n\r\n" + b"abc " * 50_000)

    began = time.process_time()
    found = [
        holds({"any": [{"body": slow}, {"header": {"X-Long": slow}}]}, mail),
        holds({"body": {"matches": "c a"}}, mail),
    ]

    assert (found, time.process_time() - began < 1) == ([False, True], True)


def test_many_fields_share_the_time_of_one_pattern() -> None:
    fields = b"".join(b"X-Long: %d %b\r\n" % (n, b"abc " * 990) for n in range(20))
    mail = mail_of(b"From: a@b.c\r\n" + fields + b"\r\nHello")

    began = time.process_time()
    holds({"header": {"X-Long": {"matches": "(?:[a-j 0-9]{0,700})zz"}}}, mail)

    assert time.process_time() - began < 0.5


def test_many_rules_fold_a_long_foreign_text_once() -> None:
    mail = mail_of(
        b"From: a@b.c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "ää ".encode() * 100_000
    )
    rules = [
        rule(
            {
                "any": [
                    {"body": f"ää ö{n}"},
                    {"body": {"contains": f"ö{n}"}},
                    {"body": {"matches": f"ö{n}"}},
                ]
            }
        )
        for n in range(200)
    ]

    began = time.process_time()
    screened(rules, mail)

    assert time.process_time() - began < 1


def test_same_test_is_tried_once_for_many_rules_and_mailboxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[Any] = []

    def tries(*args: Any, **named: Any) -> bool:
        tried.append(args)
        return passes(*args, **named)

    monkeypatch.setattr(mail_texts, "passes", tries)
    texts = MailTexts(parse_mail(MAIL), MAIL)
    rules = [rule({"body": "invoice", "header": {"X-Spam-Flag": "no"}}) for _ in range(50)]

    for mailbox in ("a@demo.example", "b@demo.example"):
        assert len(screened(rules, ScreenedMail(texts, mailbox)).steps) == 50

    # The body, and two fields of X-Spam-Flag.
    assert len(tried) == 3


def test_endless_header_is_read_up_to_its_limit() -> None:
    raw = b"From: a@b.c\r\nX-Long: a" + b"\n " * 10_000_000 + b"\nX-Late: yes\r\n\r\nHello"
    mail = ScreenedMail(MailTexts(parse_mail(b"From: a@b.c\r\n\r\nHello"), raw), "a@demo.example")

    began = time.process_time()
    found = [holds({"header": {name: {"glob": "*a*"}}}, mail) for name in ("From", "X-Late")]

    assert (found, time.process_time() - began < 0.5) == ([True, False], True)


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("x: a.b", True),
        ("a.b", True),
        ("xa.b a.b", True),
        ("a.ba.b", False),
        ("_a.b_", True),
        ("ßa.b", False),
        ("a.b²", False),
    ],
)
def test_phrase_is_found_with_no_letter_or_digit_beside(text: str, is_there: bool) -> None:
    test = TextTest(word="A.B")

    assert passes(test, SearchedText(text), of_words=True) is is_there
