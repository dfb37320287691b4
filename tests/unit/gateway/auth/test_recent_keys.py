"""The set of recent keys is bounded, because clients choose the keys."""

from services.gateway.auth.passwords.password_authenticator import RecentKeys


def test_full_set_drops_its_oldest_key() -> None:
    keys = RecentKeys()
    keys.add("first")
    for number in range(9_999):
        keys.add(str(number))
    keys.add("first")

    keys.add("one more")

    assert "first" in keys
    assert "0" not in keys
    assert "1" in keys
