"""Whether the sender of a mail is proven."""

import pytest

from shared.mail.authentication.verdict import sender_verdict
from shared.mail.parsed_mail import AuthenticationField

TRUSTED = ("mx.demo.example",)
FROM = "ann@client.example"


@pytest.mark.parametrize(
    ("results", "authenticated", "reason"),
    [
        ("dmarc=pass header.from=client.example", True, "DMARC passed for client.example"),
        ("dmarc=fail header.from=client.example", False, "DMARC failed for client.example"),
        ("arc=pass; dmarc=fail", None, "vouches for it"),
        ("dmarc=none; dkim=pass header.d=client.example", True, "DKIM passed for client.example"),
        ("dkim=pass header.i=@mail.client.example", True, "DKIM passed for mail.client.example"),
        ("spf=pass smtp.mailfrom=x@client.example", True, "SPF passed for client.example"),
        ("spf=pass smtp.mailfrom=bulk.example", None, "nothing proves"),
        ("dkim=pass header.d=example", None, "nothing proves"),
        ("dkim=pass header.d=evilclient.example", None, "nothing proves"),
        ("spf=fail smtp.mailfrom=client.example", False, "SPF failed for client.example"),
        ("spf=fail smtp.mailfrom=client.example; dkim=pass header.d=client.example", True, "DKIM"),
        ("spf=softfail smtp.mailfrom=client.example; dkim=none", None, "spf softfail, dkim none"),
        ("dmarc=pass header.from=other.example", None, "nothing proves"),
        ("none", None, "no trusted server has judged it"),
    ],
)
def test_verdict_follows_from_the_results(
    results: str, authenticated: bool | None, reason: str
) -> None:
    fields = (AuthenticationField(1, f"mx.demo.example; {results}"),)

    verdict = sender_verdict(fields, TRUSTED, FROM)

    assert verdict.authenticated is authenticated
    assert reason in verdict.reason


def test_first_result_of_a_method_counts() -> None:
    fields = (
        AuthenticationField(1, "mx.demo.example; dmarc=fail"),
        AuthenticationField(1, "mx.demo.example; dmarc=pass"),
    )

    assert sender_verdict(fields, TRUSTED, FROM).authenticated is False


def test_servers_that_nobody_trusts_prove_nothing() -> None:
    fields = (AuthenticationField(0, "evil.example; dmarc=pass header.from=client.example"),)

    assert sender_verdict(fields, TRUSTED, FROM).authenticated is None
    assert sender_verdict(fields, (), FROM).authenticated is None
