"""A description is checked as a whole; every problem says on which line it is."""

import time
from pathlib import Path

import pytest

from services.console.description.reader import describe, read_description
from services.console.description.yaml_document import Problem, UnreadableError
from services.console.exit_codes import Exit, NotPossibleError
from tests.unit.console.descriptions import HASH

DEMO = Path(__file__).parents[3] / "deploy" / "local" / "contact-center.yaml"


def problems(text: str) -> list[Problem]:
    with pytest.raises(UnreadableError) as caught:
        describe(text)
    return list(caught.value.problems)


def test_the_demo_describes_its_agents_queues_and_mailboxes() -> None:
    demo = read_description(DEMO)

    assert [one.user_name for one in demo.agents] == ["agent1", "agent2", "admin"]
    assert [one.name for one in demo.queues] == ["support", "sales", "drafts"]
    assert {one.address: one.queue for one in demo.mailboxes} == {
        "support@demo.example": "support",
        "sales@demo.example": "sales",
    }


def test_all_problems_are_reported_with_line_and_field() -> None:
    text = f"""\
name: demo
queues:
  - name: support
agents:
  - user_name: agent1
    password_hash: secret
    queues: [support, nowhere]
  - user_name: agent1
    capacty: 3
    password_hash: {HASH}
"""

    assert problems(text) == [
        Problem(
            6,
            "agents.0.password_hash: this is no argon2id hash: `mailroom hash-password` makes one",
        ),
        Problem(7, "agents.0.queues.1: there is no queue 'nowhere' under `queues`"),
        Problem(8, "agents.1.user_name: agent1 is there already"),
        Problem(9, "agents.1.capacty: is no field of a contact center: misspelt?"),
    ]


def test_names_that_differ_in_case_only_are_one_name() -> None:
    text = "name: demo\nqueues:\n  - name: support\n  - name: Support\n"

    assert problems(text) == [
        Problem(4, "queues.1.name: Support and support differ in case only, and are one name")
    ]


def test_a_missing_field_is_reported_where_its_entry_begins() -> None:
    text = "name: demo\nqueues:\n  - name: support\n  - description: no name\n"

    assert problems(text) == [Problem(4, "queues.1.name: is missing")]


def test_an_entry_of_a_list_over_several_lines_is_found_on_its_own_line() -> None:
    text = "name: demo\nmailboxes:\n  - address: a@b.example\n    queue: gone\n"

    assert problems(text) == [
        Problem(4, "mailboxes.0.queue: there is no queue 'gone' under `queues`")
    ]


def test_an_address_is_one_mailbox_only_however_it_is_written() -> None:
    text = """\
name: demo
queues: [{name: support}]
mailboxes:
  - {address: help@demo.example, queue: support}
  - {address: support@demo.example, queue: support, aliases: [Help@Demo.Example]}
"""

    assert problems(text) == [
        Problem(5, "mailboxes.1.aliases.0: help@demo.example is there already")
    ]


def test_a_key_that_is_given_twice_is_found() -> None:
    text = "name: demo\nqueues: [{name: a}]\nname: other\nqueues: [{name: b}]\n"

    assert problems(text) == [
        Problem(3, "name: is on line 1 already"),
        Problem(4, "queues: is on line 2 already"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "describes no contact center"),
        ("just words", 1, "describes no contact center"),
        ("name: demo\nqueues: [", 2, "not YAML"),
        ("name: demo\n\tqueues: 1", 2, "not YAML"),
        ("name: !!python/object:os.system demo", 1, "not YAML"),
        ("name: demo\nqueues: &all [*all]", 2, "refers to itself"),
        ("name: \0", 1, "not YAML"),
    ],
)
def test_text_that_is_no_description_is_refused(text: str, line: int, words: str) -> None:
    (problem,) = problems(text)

    assert problem.line == line
    assert words in problem.words


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    text = "name: demo\nagents:\n  - {user_name: a, password_hash: hunter2, capacity: hunter2}\n"

    assert "hunter2" not in str(problems(text))


def test_merged_keys_are_reported_where_they_are_merged() -> None:
    text = f"""\
name: demo
agents:
  - &first {{user_name: a, password_hash: '{HASH}', capacity: 0}}
  - <<: *first
    user_name: b
"""

    assert [problem.line for problem in problems(text)] == [3, 4]


def test_problems_begin_with_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "contact-center.yaml"
    file.write_text("name: demo\nqueues: [{}]\n")

    with pytest.raises(NotPossibleError) as caught:
        read_description(file)

    assert str(caught.value) == f"{file}:2: queues.0.name: is missing"
    assert caught.value.code == Exit.BAD_FILE


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotPossibleError, match="No such file"):
        read_description(tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.yaml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(NotPossibleError, match="not text in UTF-8"):
        read_description(file)


@pytest.mark.parametrize("host", ["mail.example.org", "localhost"])
def test_a_login_in_the_clear_is_refused(host: str) -> None:
    text = f"name: demo\nsmtp_route:\n  host: {host}\n  user_name: desk\n  tls: none\n"

    assert problems(text) == [
        Problem(
            4,
            "smtp_route.user_name: a login without TLS shows the password to the network: "
            "set `tls` to starttls or implicit, or leave out `user_name`",
        )
    ]


def test_a_route_in_the_clear_without_a_login_is_accepted() -> None:
    assert describe("name: demo\nsmtp_route:\n  tls: none\n").smtp_route.tls == "none"


def refusal_in_time(text: str) -> Problem:
    """Return the one problem of a text, which has to be found within a second of processor time."""
    begun = time.process_time()
    (problem,) = problems(text)
    assert time.process_time() - begun < 1
    return problem


@pytest.mark.parametrize("merged", [False, True])
def test_aliases_that_grow_beyond_measure_are_refused(merged: bool) -> None:
    first = "a0: &a0 {k: v}" if merged else "a0: &a0 [v]"
    lines = ["name: demo", first]
    for level in range(1, 20):
        nine = ", ".join([f"*a{level - 1}"] * 9)
        value = f"{{<<: [{nine}], k{level}: v}}" if merged else f"[{nine}]"
        lines.append(f"a{level}: &a{level} {value}")

    assert "more than 200000 values" in refusal_in_time("\n".join(lines)).words


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n "])
def test_depth_beyond_measure_is_refused(opening: str) -> None:
    text = "name: demo\nqueues:\n  " + opening * 5000
    if opening == "a:\n ":
        text = "".join(f"{' ' * depth}a:\n" for depth in range(1000))

    assert "deeper than 20" in refusal_in_time(text).words


def test_a_text_of_many_megabytes_is_refused() -> None:
    assert "larger than 2000000" in refusal_in_time("name: demo\n" + "#" * 3_000_000).words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("agents: 5", "agents: has to be a list"),
        ("queues: [support]", "queues.0: has to have fields, such as `name: value`"),
        ("queues: [{name: 5}]", "queues.0.name: has to be a text: put it in quotes"),
        ("smtp_route: {port: x}", "smtp_route.port: has to be a whole number"),
        ("smtp_route: {port: 0}", "smtp_route.port: has to be greater than or equal to 1"),
        ("smtp_route: {tls: yes}", "smtp_route.tls: has to be 'none', 'starttls' or 'implicit'"),
        ("attachments: {largest_file: big}", "attachments.largest_file: has to be a size"),
        (
            f"agents: [{{user_name: a, password_hash: '{HASH}', enabled: 7}}]",
            "agents.0.enabled: has to be true or false",
        ),
        (
            f"agents: [{{user_name: a, password_hash: '{HASH}', skills: [x]}}]",
            "agents.0.skills: has to have fields, such as `name: value`",
        ),
        ("agents:", "agents: has to be a list"),
    ],
)
def test_problem_is_described_in_plain_words(text: str, words: str) -> None:
    (problem,) = problems(f"name: demo\n{text}\n")

    assert problem.words.startswith(words)
    assert "valid" not in problem.words


LOGIN = """\
name: demo
oauth:
  - name: provider
    kind: client-credentials
    token_url: https://id.example/token
    client_id: client-1
    client_secret_variable: OAUTH_SECRET
smtp_route:
  host: smtp.example
  user_name: desk@demo.example
  login: {oauth: provider}
"""


def test_a_route_logs_in_by_oauth() -> None:
    center = describe(LOGIN)

    assert center.smtp_route.login
    login = center.oauth_login(center.smtp_route.login.oauth)
    assert login
    assert login.variables == ("OAUTH_SECRET",)


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("oauth: provider", "oauth: other", 11, "there is no login 'other' under `oauth`"),
        ("user_name: desk@demo.example", "tls: starttls", 8, "`login` needs `user_name`"),
        ("host: smtp.example", "password_variable: P", 8, "`login` and `password_variable`"),
        ("host: smtp.example", "tls: none", 8, "a login without TLS shows the token"),
        ("https://id.example/token", "http://id.example/token", 5, "begin with https://"),
        ("https://id.example/token", "http://[::1", 5, "an address looks like"),
        ("https://id.example/token", "https:///token", 5, "an address looks like"),
        ("https://id.example/token", "https://me:pw@id.example/", 5, "has no user, password"),
        ("kind: client-credentials", "kind: service-account", 3, "has no client_id"),
        ("client_id: client-1", "scope: x", 3, "needs client_id"),
        ("client_secret_variable: OAUTH_SECRET", "scope: x", 3, "client_key_variable, and not"),
        ("client_id: client-1", "client_key_variable: K", 3, "needs client_id"),
        ("OAUTH_SECRET", "my secret!", 7, "no name of an environment variable"),
    ],
)
def test_a_login_that_cannot_work_is_refused(
    before: str, after: str, line: int, words: str
) -> None:
    found = problems(LOGIN.replace(before, after))

    assert (line, True) in [(one.line, words in one.words) for one in found]
    assert not any("my secret!" in one.words or "me:pw" in one.words for one in found)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_a_token_endpoint_on_this_machine_needs_no_tls(host: str) -> None:
    assert describe(LOGIN.replace("https://id.example/", f"http://{host}/")).oauth
