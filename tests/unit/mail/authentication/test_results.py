"""Reading Authentication-Results (RFC 8601)."""

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.authentication.results import MethodResult, read_judgement, trusted_results
from shared.mail.parsed_mail import AuthenticationField

GMAIL = (
    "mx.demo.example; dkim=pass header.i=@client.example header.s=k1 header.b=abc; spf=pass"
    " (mx.demo.example: domain of ann@client.example designates 192.0.2.1 as permitted sender)"
    ' smtp.mailfrom=ann@client.example; dmarc=pass (p=REJECT sp="x;y" dis=NONE)'
    " header.from=client.example"
)


def test_results_are_read_without_comments() -> None:
    judgement = read_judgement(GMAIL)

    assert judgement.server == "mx.demo.example"
    assert [(one.method, one.result) for one in judgement.results] == [
        ("dkim", "pass"),
        ("spf", "pass"),
        ("dmarc", "pass"),
    ]
    assert judgement.results[1].properties == {"smtp.mailfrom": "ann@client.example"}


def test_versions_blanks_and_quotes_are_allowed() -> None:
    judgement = read_judgement('MX.demo.example 1 ; DKIM/1 = Fail reason="a;b" header.d = "c.d"')

    assert judgement.server == "mx.demo.example"
    assert judgement.results == (
        MethodResult("dkim", "fail", {"reason": "a;b", "header.d": "c.d"}),
    )


def test_no_result_is_no_result() -> None:
    assert read_judgement("mx.demo.example; none").results == ()


@given(st.text(alphabet='ab;=()"\\ ./', max_size=80))
def test_any_value_is_read(value: str) -> None:
    read_judgement(value)


def test_only_fields_of_the_nearest_hop_count() -> None:
    ours = AuthenticationField(1, "mx.demo.example; spf=fail")
    forged = AuthenticationField(2, "mx.demo.example; dmarc=pass")
    foreign = AuthenticationField(0, "evil.example; dmarc=pass")

    found = trusted_results((foreign, ours, forged), ("MX.demo.example",))

    assert [(one.method, one.result) for one in found] == [("spf", "fail")]
