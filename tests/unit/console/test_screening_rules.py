"""Screening rules are checked before they are put in force."""

import re

import pytest

from services.console.description.reader import describe
from services.console.description.yaml_document import UnreadableError
from services.console.health.unmet_needs import unmet_needs
from shared.contracts.contact_center import ContactCenter

TEXT = """\
name: demo
queues: [{name: support}, {name: low}]
mailboxes: [{address: support@demo.example, queue: support, screening: [spam]}]
screening:
  - name: news
    when: {any: [{attachment.type: text/calendar}, {not: {from: {glob: "*@example.org"}}}]}
    then: {queue: low, acknowledge: false}
  - name: spam
    when: {header: {X-Spam-Flag: "YES"}}
    then: {discard: spam}
"""


def test_stored_rules_are_read_back() -> None:
    center = describe(TEXT)

    assert ContactCenter.model_validate(center.model_dump(mode="json")) == center


def test_mailbox_has_all_rules_or_those_it_names() -> None:
    some = describe(TEXT)
    every = describe(TEXT.replace(", screening: [spam]", ""))

    assert [one.name for one in some.screening_of(some.mailboxes[0])] == ["spam"]
    assert [one.name for one in every.screening_of(every.mailboxes[0])] == ["news", "spam"]


def test_description_without_rules_has_no_such_keys() -> None:
    content = describe("name: demo\nqueues: [{name: a}]\nmailboxes: [{address: a@b.c, queue: a}]")

    stored = content.model_dump(mode="json")

    assert "screening" not in stored
    assert "screening" not in stored["mailboxes"][0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("discard: spam", "discard: spam, template: x", "leave out `acknowledge` and `template`"),
        ("discard: spam", "discard: spam, priority: 1", "leave out `priority` and `needs`"),
        ("name: demo", "name: demo\nretention: {discarded: 60}", "greater than or equal to 1 day"),
        ("discard: spam", "priority: 11", "less than or equal to 10"),
        ("discard: spam", "needs: {german: 11}", "less than or equal to 10"),
        ("discard: spam", "needs: {a.b: 1}", "a skill has 1 to 64 letters"),
        ("discard: spam", "template: gone", "there is no template 'gone' under `templates`"),
        ("{header:", "{not: {hours: gone}, header:", "there is no entry 'gone' under `hours`"),
        ("queue: low,", "queue: gone,", "there is no queue 'gone' under `queues`"),
        ("screening: [spam]", "screening: [spma]", "there is no rule 'spma' under `screening`"),
        ("name: spam", "name: news", "news is there already"),
        ("discard: spam", "discard: spam, acknowledge: true", "is not acknowledged"),
        ("discard: spam", "discard: spam, queue: low", "waits in no queue"),
        ("{discard: spam}", "{}", "an action is missing"),
        ("{discard: spam}", "{user_data: {_Report: x}}", "begins with a letter"),
        ('{header: {X-Spam-Flag: "YES"}}', "{}", "a condition is missing"),
        ('"YES"', "YES", "has to be a text: put it in quotes"),
        ("X-Spam-Flag", "X Spam", "a header's name has"),
        ('"*@example.org"', '"' + "*" * 10_000 + '"', "at most 255 characters"),
        ('glob: "*@', 'globe: "*@', "is no field of a contact center"),
        ('"*@example.org"}', '"*", contains: x}', "or one of `contains`, `glob` and `matches`"),
        ('glob: "*@example.org"', 'matches: "(a"', "this is no regular expression of RE2"),
        ('glob: "*@example.org"', 'matches: "(?=a)"', "this is no regular expression of RE2"),
        (
            'glob: "*@example.org"',
            'matches: "a.{0,300}b.{0,300}c"',
            "takes too long on a long text",
        ),
        ("{header:", "{not: {not: {not: {not: {not: {body: x}}}}}, header:", "deeper than 5"),
        ("{header:", f"{{all: [{'{body: x}, ' * 50}], header:", "more than 50 tests"),
        ("{header:", "{automatic: false, header:", "write `not: {automatic: true}`"),
        ("{header:", "{authenticated: maybe, header:", "has to be True, False or 'unknown'"),
    ],
)
def test_wrong_rule_is_refused_in_words(old: str, new: str, words: str) -> None:
    assert old in TEXT

    with pytest.raises(UnreadableError) as caught:
        describe(TEXT.replace(old, new))

    assert words in str([one.words for one in caught.value.problems])


def _with_rules(*rules: str) -> str:
    named = "".join(
        f"  - {{name: r{n}, when: {{body: x}}, {one}}}\n" for n, one in enumerate(rules)
    )
    return TEXT.replace("  - name: news", f"{named}  - name: news")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (
            [f"then: {{user_data: {{K{n}: {'x' * 1000}}}}}" for n in range(40)],
            "at most are 32768: shorten the values in `user_data`",
        ),
        (
            [
                f"then: {{user_data: {{{', '.join(f'K{n}-{m}: x' for m in range(20))}}}}}"
                for n in range(20)
            ],
            "up to 400 keys to one mail, at most are 256",
        ),
        (
            [f"when: {{all: [{'{body: x}, ' * 49}]}}, then: {{queue: low}}"] * 21,
            "have 1032 tests, at most are 1000: leave some out",
        ),
    ],
)
def test_rules_that_are_too_much_together_are_refused(rules: list[str], words: str) -> None:
    text = _with_rules(*rules).replace("when: {body: x}, when:", "when:")

    with pytest.raises(UnreadableError) as caught:
        describe(text)

    assert words in str([one.words for one in caught.value.problems])


def test_value_that_many_rules_attach_counts_once() -> None:
    text = _with_rules(*[f"then: {{user_data: {{Segment: {'x' * 1000}}}}}"] * 100)

    assert len(describe(text).screening) == 102


HOURS = """\
hours: [{name: office, time_zone: Europe/Berlin, week: {mon-fri: ["08:00-18:00"]}}]
templates: [{name: thanks, text: Thank you}, {name: closed, text: We are closed}]
"""
ACKNOWLEDGED = TEXT.replace(
    "screening: [spam]}", "acknowledgement: {template: thanks, hours: office, closed: closed}}"
)


def test_stored_hours_and_templates_are_read_back() -> None:
    center = describe(ACKNOWLEDGED + HOURS)

    assert ContactCenter.model_validate(center.model_dump(mode="json")) == center


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("template: thanks", "template: gone", "there is no template 'gone' under `templates`"),
        ("closed: closed", "closed: gone", "there is no template 'gone' under `templates`"),
        ("hours: office", "hours: gone", "there is no entry 'gone' under `hours`"),
        ("hours: office, ", "", "`hours` and `closed` .* belong together"),
        ("template: thanks, ", "", "give `text`, or `template` with a name"),
        ("template: thanks", "template: thanks, text: Hi", "give `text`, or `template`"),
        ("template: thanks", "template: thanks, subject: Hi", "leave out `subject`"),
    ],
)
def test_wrong_acknowledgement_is_refused_in_words(old: str, new: str, words: str) -> None:
    assert old in ACKNOWLEDGED

    with pytest.raises(UnreadableError) as caught:
        describe(ACKNOWLEDGED.replace(old, new) + HOURS)

    assert re.search(words, caught.value.problems[0].words)


def test_template_of_a_rule_needs_a_mailbox_that_acknowledges() -> None:
    ruled = TEXT.replace("discard: spam", "template: thanks") + HOURS

    with pytest.raises(UnreadableError) as caught:
        describe(ruled)

    assert "no mailbox with this rule acknowledges mail" in caught.value.problems[0].words


@pytest.mark.parametrize(
    ("skills", "noted"), [("{german: 2}", False), ("{german: 1}", True), ("{}", True)]
)
def test_needs_that_no_agent_meets_are_noted(skills: str, noted: bool) -> None:
    agents = (
        f"agents: [{{user_name: a, password_hash: $argon2id$, queues: [low], skills: {skills}}}]"
    )
    needing = TEXT.replace("queue: low,", "queue: low, needs: {german: 2},")
    every = needing.replace(", screening: [spam]", "")

    notes = list(unmet_needs(describe(f"{every}{agents}\n")))

    words = "screening rule news: no agent of queue low has german >= 2"
    assert [one.startswith(words) for one in notes] == [True] * noted


def test_slow_patterns_are_refused_where_they_are_too_many_together() -> None:
    def written(count: int) -> str:
        return TEXT + "".join(
            f"""\
  - name: rule-{number}
    when: {{body: {{matches: "a{number}(?:[a-j ]{{0,600}})zz"}}}}
    then: {{queue: low}}
"""
            for number in range(count)
        )

    assert len(describe(written(50)).screening) == 52
    with pytest.raises(UnreadableError) as caught:
        describe(written(51))
    assert "1.02 times as long on a long mail as they may" in caught.value.problems[0].words
