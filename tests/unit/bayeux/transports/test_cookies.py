"""Attributes of cookies."""

import pytest

from shared.bayeux.cookies import CookiePolicy, SameSite


@pytest.mark.parametrize(
    ("secure", "same_site", "partitioned", "marks"),
    [
        (False, "Lax", True, "SameSite=Lax"),
        (True, "Lax", True, "SameSite=Lax; Secure"),
        (True, "Strict", True, "SameSite=Strict; Secure"),
        (True, "None", True, "SameSite=None; Secure; Partitioned"),
        (True, "None", False, "SameSite=None; Secure"),
        # The settings refuse it, and browsers would.
        (False, "None", True, "SameSite=None"),
    ],
)
def test_a_cookie_says_to_whom_it_may_be_shown(
    secure: bool, same_site: SameSite, partitioned: bool, marks: str
) -> None:
    policy = CookiePolicy(secure, same_site, partitioned)

    assert policy.cookie("a", "b") == f"a=b; Path=/; HttpOnly; {marks}"
