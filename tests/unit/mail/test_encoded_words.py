"""RFC 2047 in the wild."""

import pytest

from shared.mail.encoded_words import decode_value
from shared.mail.limits import UnparsableMailError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?= again", "Grüße again"),
        (b"=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?q?Gr=C3?= =?utf-8?q?=BC?=", "Grü"),
        (b"=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ?=", "Grüße"),
        (b"=?utf-8?B?R3?= =?utf-8?B?LDvMOfZQ==?=", "Grüße"),
        (b"=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü"),
        (b"=?iso-8859-1?q?with blank=FC?=", "with blankü"),
        (b"=?nonsense?q?a_b?=", "a b"),
        (b"=?utf-8?x?no?=", "=?utf-8?x?no?="),
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"a\tb  \x00c", "a b c"),
        (None, ""),
    ],
)
def test_a_value_reads_as_its_sender_meant(value: bytes | None, text: str) -> None:
    assert decode_value(value) == text


def test_more_words_than_allowed_are_refused() -> None:
    with pytest.raises(UnparsableMailError):
        decode_value(b"=?utf-8?q?a?= " * 101)
