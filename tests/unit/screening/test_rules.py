"""Which mails a rule meets, and what the rules of a mailbox decide together."""

import time
from typing import Any

import pytest

from shared.contracts.screening import ScreeningRule
from shared.mail.parsing.parser import parse_mail
from shared.screening.rules import ScreenedMail, Screening, meets, screened

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
        parse_mail(raw),
        raw,
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


def test_without_a_rule_that_meets_nothing_changes() -> None:
    assert screened([rule({"body": "nothing"})], mail_of()) == Screening()


@pytest.mark.parametrize(
    "test",
    [
        {"glob": "*a" * 120 + "*b"},
        {"matches": "(a+)+b"},
        {"matches": "(a|aa)*c"},
        {"contains": "a" * 200 + "b"},
        "a" * 200 + "b",
    ],
)
def test_hostile_text_is_tested_in_a_moment(test: Any) -> None:
    mail = mail_of(b"From: a@b.c\r\nSubject: " + b"a" * 900 + b"\r\n\r\n" + b"a" * 500_000)

    began = time.process_time()
    holds({"any": [{"subject": test}, {"body": test}]}, mail)

    assert time.process_time() - began < 1
