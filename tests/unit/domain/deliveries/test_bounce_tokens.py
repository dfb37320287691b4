"""Tokens in bounce addresses."""

import pytest

from shared.domain.deliveries.bounce_tokens import (
    as_token,
    bounce_token,
    is_token_of,
    token_in,
    with_token,
)

KEY = "a-key-of-the-tests-for-bounces-0123456789"


def test_a_token_is_found_again_in_an_address_of_any_case() -> None:
    token = bounce_token(KEY, "one")

    address = with_token("support@demo.example", token).upper()

    assert token_in(address) == token
    assert is_token_of(token, KEY, "one")


@pytest.mark.parametrize(("key", "delivery"), [("another", "one"), (KEY, "two")])
def test_a_token_is_of_one_key_and_one_delivery(key: str, delivery: str) -> None:
    assert not is_token_of(bounce_token(KEY, "one"), key, delivery)


@pytest.mark.parametrize(
    "address", ["support@demo.example", "support+sales@demo.example", "", "+@", "a+" + "1" * 16]
)
def test_another_tag_is_no_token(address: str) -> None:
    assert token_in(address) == ""


def test_an_address_that_would_be_too_long_has_no_token() -> None:
    long = "x" * 60 + "@demo.example"

    assert with_token(long, bounce_token(KEY, "one")) == long


def test_blanks_and_case_make_no_other_token() -> None:
    assert as_token(" ABCDEFGHIJ234567\n") == "abcdefghij234567"
