"""Secrets at rest: which keys open them."""

import base64
import re

import pytest

from shared.storage.sealing import BadSealingKeyError, BrokenSealError, Sealer

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def test_sealed_text_opens_again_and_differs_each_time() -> None:
    sealer = Sealer(NEW)

    first, second = (sealer.seal("token-1", "a/desk") for _ in range(2))

    assert first != second
    assert "token-1" not in first
    assert sealer.open(first, "a/desk") == "token-1"


def test_two_keys_open_both_and_seal_under_the_first() -> None:
    before, both = Sealer(OLD).seal("token-1", "a"), Sealer(f"{NEW},{OLD}")

    assert both.open(before, "a") == "token-1"
    assert Sealer(NEW).open(both.seal("token-2", "a"), "a") == "token-2"


@pytest.mark.parametrize("about", ["b", ""])
def test_a_sealed_text_opens_in_its_own_place_only(about: str) -> None:
    with pytest.raises(BrokenSealError):
        Sealer(NEW).open(Sealer(NEW).seal("token-1", "a"), about)


@pytest.mark.parametrize("sealed", ["", "token-1", "1.00000000.AAAA", "1.zz.AAAA"])
def test_a_text_that_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(BrokenSealError):
        Sealer(NEW).open(sealed, "a")


def test_each_changed_character_breaks_the_seal() -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal("token-1", "a")

    for place in range(len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        changed = sealed[:place] + other + sealed[place + 1 :]
        try:
            opened = sealer.open(changed, "a")
        except BrokenSealError:
            continue
        # The last character may carry bits that mean nothing.
        assert opened == "token-1"
        assert place >= len(sealed) - 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not set"),
        ("  ", "is not set"),
        ("c2hvcnQ=", "a key of 5 bytes"),
        ("not base64!", "not Base64"),
        (f"{NEW},", "a key of 0 bytes"),
        (f"{NEW},{OLD},{NEW}", "more than two keys"),
        ("0" * 64, "a key of 48 bytes"),
    ],
)
def test_malformed_key_is_refused_without_showing_it(text: str, words: str) -> None:
    with pytest.raises(BadSealingKeyError, match=re.escape(words)) as caught:
        Sealer(text)

    assert not text.strip() or text not in str(caught.value)
    assert NEW not in str(caught.value)


def test_a_sealer_never_shows_its_keys() -> None:
    shown = f"{Sealer(NEW)!r} {Sealer(NEW)}"

    assert NEW not in shown


def test_a_digest_tells_secrets_apart() -> None:
    sealer = Sealer(NEW)

    assert sealer.digest("one") == sealer.digest("one") != sealer.digest("two")
    assert sealer.digest("one") != Sealer(OLD).digest("one")
