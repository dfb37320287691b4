"""How a mailbox is fetched is checked before it is put in force."""

import pytest

from services.console.description.reader import describe
from services.console.description.yaml_document import UnreadableError
from shared.contracts.contact_center import ContactCenter

TEXT = """\
name: demo
queues: [{name: support}]
oauth:
  - {name: microsoft, kind: client-credentials, token_url: "https://id.example/token",
     client_id: us, client_secret_variable: SECRET}
mailboxes:
  - address: support@demo.example
    queue: support
    fetch:
      imap: {host: mail.example, user_name: desk}
      login: {password_variable: SUPPORT_PASSWORD}
      folders: [inbox, Junk]
      then: {move: Archive/Mailroom}
      since: 2026-11-01
  - address: sales@demo.example
    queue: support
    fetch:
      imap: {host: mail.example, user_name: sales, tls: starttls}
      login: {oauth: microsoft}
"""


def test_description_has_all_of_fetching() -> None:
    first, second = (one.fetch for one in describe(TEXT).mailboxes)

    assert first
    assert second
    assert (first.imap.used_port, first.folders, first.moves_to) == (
        993,
        ("INBOX", "Junk"),
        "Archive/Mailroom",
    )
    assert (second.imap.used_port, second.folders, second.then) == (143, ("INBOX",), "seen")


def test_stored_description_is_read_back() -> None:
    center = describe(TEXT)

    assert ContactCenter.model_validate(center.model_dump(mode="json")) == center


def test_mailbox_without_fetch_has_no_such_key() -> None:
    center = describe("name: demo\nqueues: [{name: a}]\nmailboxes: [{address: a@b.c, queue: a}]")

    assert "fetch" not in center.model_dump(mode="json")["mailboxes"][0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("oauth: microsoft}", "oauth: google}", "there is no login 'google' under `oauth`"),
        ("tls: starttls", "tls: none", "a login without TLS shows the password"),
        ("password_variable: SUPPORT_PASSWORD", "", "either `oauth` or `password_variable`"),
        ("oauth: microsoft}", "oauth: microsoft, password_variable: A}", "either `oauth` or"),
        ("move: Archive/Mailroom", "move: Junk", "moved to a folder that it is fetched from"),
        ("[inbox, Junk]", "[inbox, INBOX]", "named twice"),
        ("[inbox, Junk]", '["a\\r\\nA1 LOGOUT"]', "1 to 255 printable characters"),
        ("since: 2026-11-01", "since: 0001-01-01", "greater than or equal to 1970-01-01"),
        ("since: 2026-11-01", "every: 5", "greater than or equal to 15 seconds"),
        ("since: 2026-11-01", "every: PT6M", "less than or equal to"),
        ("user_name: sales", "user_name: desk", "desk is fetched by mailboxes.0 already"),
        ("user_name: sales", 'user_name: "a\\nb"', "user_name"),
        ("host: mail.example, user_name: desk", "host: a b, user_name: desk", "host"),
    ],
)
def test_wrong_fetching_is_refused_with_its_reason(old: str, new: str, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        describe(TEXT.replace(old, new, 1))

    assert words in str([one.words for one in caught.value.problems])


def test_server_of_this_machine_needs_no_tls() -> None:
    text = TEXT.replace("mail.example, user_name: sales", "127.0.0.1, user_name: sales")

    text = text.replace("tls: starttls", "tls: none")

    assert describe(text).mailboxes[1].fetch
