"""Passwords of mailboxes that are not set where a command runs are named."""

import pytest

from services.console.health.mailbox_passwords import unset_passwords
from tests.unit.console.descriptions import center

FETCHED = "support@demo.example"
LOGIN = {
    "name": "provider",
    "kind": "client-credentials",
    "token_url": "https://id.example/token",
    "client_id": "client-1",
    "client_secret_variable": "OAUTH_SECRET",
}
NOTE = (
    "mailbox support@demo.example: SUPPORT_PASSWORD is not set here: "
    "see that it is set in the environment of fetching"
)


def unset(login: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Return the notes about a contact center with one fetched mailbox and one that is not."""
    imap = {"host": "imap.example", "user_name": FETCHED}
    fetched = {"address": FETCHED, "queue": "support", "fetch": {"imap": imap, "login": login}}
    plain = {"address": "sales@demo.example", "queue": "sales"}
    return unset_passwords(center(oauth=[LOGIN], mailboxes=[fetched, plain]), environment)


@pytest.mark.parametrize("environment", [{}, {"SUPPORT_PASSWORD": ""}])
def test_password_that_is_not_set_is_named(environment: dict[str, str]) -> None:
    assert unset({"password_variable": "SUPPORT_PASSWORD"}, environment) == {FETCHED: NOTE}


def test_password_that_is_set_is_not_shown() -> None:
    login = {"password_variable": "SUPPORT_PASSWORD"}

    assert unset(login, {"SUPPORT_PASSWORD": "secret"}) == {}


def test_mailbox_with_oauth_needs_no_password() -> None:
    assert unset({"oauth": "provider"}, {}) == {}
