"""Tokens in our addresses: made at random, found only where they are ours, never shown."""

from shared.domain.interaction import Address
from shared.mail.thread_tokens import (
    answer_address,
    new_thread_token,
    thread_tokens,
    without_token,
)

US = Address("support@demo.example", "Demo Support")


def owns(address: str) -> bool:
    return address.endswith("@demo.example")


def test_a_token_is_found_in_the_address_for_answers_alone() -> None:
    token = new_thread_token()
    tagged = answer_address(US, token)

    assert tagged is not None
    assert tagged.personal == US.personal
    assert thread_tokens([tagged.address.upper(), tagged.address], owns) == (token,)
    assert without_token(tagged, owns) == US
    foreign = tagged.address.replace("@demo.example", "@example.org")
    assert thread_tokens([foreign, US.address, "support+shop@demo.example", ""], owns) == ()


def test_tokens_differ() -> None:
    assert len({new_thread_token() for _ in range(1000)}) == 1000


def test_an_address_without_room_stays_as_it_is() -> None:
    assert answer_address(Address(f"{'x' * 60}@demo.example"), new_thread_token()) is None
    assert answer_address(US, "") is None


def test_other_plus_tags_stay() -> None:
    for address in ("support+shop@demo.example", "ann+abcdefghijklmnop@example.org"):
        assert without_token(Address(address), owns).address == address


def test_few_tokens_of_one_mail_are_looked_for() -> None:
    several = [f"support+{new_thread_token()}@demo.example" for _ in range(1000)]

    assert len(thread_tokens(several, owns)) == 5
