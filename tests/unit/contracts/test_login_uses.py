"""OAuth logins are told apart by user and server."""

from shared.contracts.oauth import LoginUse, MailServer
from tests.unit.console.descriptions import center

USER = "desk@demo.example"
LOGIN = {
    "name": "provider",
    "kind": "client-credentials",
    "token_url": "https://id.example/token",
    "client_id": "client-1",
    "client_secret_variable": "OAUTH_SECRET",
}


def mailbox(address: str, host: str) -> dict[str, object]:
    """Return a mailbox that is fetched from a host by the one login and user."""
    imap = {"host": host, "user_name": USER}
    fetch = {"imap": imap, "login": {"oauth": "provider"}}
    return {"address": address, "queue": "support", "fetch": fetch}


def test_login_at_two_servers_has_two_uses() -> None:
    described = center(
        oauth=[LOGIN],
        mailboxes=[
            mailbox("one@demo.example", "ONE.example"),
            mailbox("two@demo.example", "two.example"),
        ],
    )

    assert described.login_uses == (
        LoginUse("provider", USER, MailServer("imap", "one.example", 993)),
        LoginUse("provider", USER, MailServer("imap", "two.example", 993)),
    )
    assert described.oauth_users == (("provider", USER),)
