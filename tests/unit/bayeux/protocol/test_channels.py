"""Channel names and patterns."""

import pytest

from shared.bayeux.messages.channels import is_valid, matches


@pytest.mark.parametrize(
    ("pattern", "channel", "expected"),
    [
        ("/foo", "/foo", True),
        ("/foo", "/foo/bar", False),
        ("/foo/*", "/foo/bar", True),
        ("/foo/*", "/foo", False),
        ("/foo/*", "/foo/", False),
        ("/foo/*", "/foo/bar/baz", False),
        ("/foo/*", "/foobar/baz", False),
        ("/foo/**", "/foo/bar", True),
        ("/foo/**", "/foo/bar/baz", True),
        ("/foo/**", "/foo", False),
        ("/foo/**", "/foo/", False),
        ("/**", "/anything/at/all", True),
    ],
)
def test_a_pattern_matches_below_itself_only(pattern: str, channel: str, expected: bool) -> None:
    assert matches(pattern, channel) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/v2/me/interactions/", True),
        ("/a-b_c!~()$@", True),
        ("/with space#+.{}", True),
        ("/", False),
        ("", False),
        ("relative", False),
        ("/<b>", False),
        ('/"', False),
        ("/é", False),
        ("/line\n", False),
        ("/" + "x" * 256, False),
        (None, False),
        (["/a"], False),
    ],
)
def test_only_harmless_characters_make_a_name(name: object, expected: bool) -> None:
    assert is_valid(name, longest=256) is expected
