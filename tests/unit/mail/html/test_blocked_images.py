"""Blocked images: which of them a browser may load when it is asked to."""

import pytest

from shared.mail.html.blocked_images import outside_address


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("blocked:https://a.example/b.png?c=d#e", "https://a.example/b.png?c=d#e"),
        ("blocked:http://a.example/b.png", "https://a.example/b.png"),
        ("blocked://a.example/b.png", "https://a.example/b.png"),
        ("blocked: HTTPS://a.example:8443/", "https://a.example:8443/"),
        ("blocked:https://bücher.example/b.png", "https://bücher.example/b.png"),
        ("blocked:https://8.8.8.8/b.png", "https://8.8.8.8/b.png"),
    ],
)
def test_image_on_the_open_network_has_an_https_address(source: str, address: str) -> None:
    assert outside_address(source) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "picture.png",
        "/api/v2/me",
        "ftp://a.example/b.png",
        "javascript:alert(1)",
        "data:image/svg+xml,<svg/>",
        "blocked:https://a.example/",
        "file:///etc/passwd",
        "https:",
        "https://",
        "https:///a",
        "https://printer/",
        "https://nas.local/",
        "https://localhost./",
        "https://api.localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://a.0x10/",
        "https://127。0。0。1/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/admin?reboot",
        "https://169.254.169.254/latest",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[broken/",
        "https://ann@a.example/",
        "https://a.example\\@127.0.0.1/",
        "https://a.exam\tple/",
        "https://a.example:99999/",
        "http://a.example:80/",
        f"https://a.example/{'x' * 4_000}",
    ],
)
def test_any_other_address_stays_blocked(address: str) -> None:
    assert outside_address(f"blocked:{address}") is None


def test_address_that_is_not_blocked_is_left_alone() -> None:
    assert outside_address("https://a.example/b.png") is None
