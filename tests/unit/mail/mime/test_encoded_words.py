"""Encoded words (RFC 2047), including malformed ones."""

import pytest

from shared.mail.mime.encoded_words import decode_value


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
        (b"=?iso-8859-1?Q?Gr\xfc\xdfe_aus_K=F6ln?=", "Gr\u00fc\u00dfe aus K\u00f6ln"),
        (b"=?iso-8859-1?Q?Gr\xc3\xbc\xc3\x9fe?=", "Gr\u00fc\u00dfe"),
        (b"=?windows-1251?Q?\xcf\xf0\xe8\xe2\xe5\xf2?=", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        (b"=?gb2312?B?\xb2\xe2\xca\xd4?=", "\u6d4b\u8bd5"),
        (b"\xc3\xa4 =?iso-8859-1?q?\xfc?=", "\u00e4 \u00fc"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"x=?utf-8?q?=C3=BC?=y", "x\u00fcy"),
        (b"=?utf-8?Q?What=3F_Really?_Yes?=", "What? Really? Yes"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?Q?Gr=C3=BC =?utf-8?Q?=C3=9Fe?=", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?B?R3LDvA?= =?utf-8?B?w59l?=", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?B?Gr=C3=BC=C3=9Fe?=", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?Q?na=EFve?=", "na\u00efve"),
        (b"=?utf-8?B?R3LD vMOf ZQ==?=", "Gr\u00fc\u00dfe"),
        (b"=?utf-8?Q?Gr=C3=BC=C3?=", "Gr\u00fc\ufffd"),
        (b"=?gb2312?B?1uzpRrv5?=", "朱镕基"),
        (b"=?ks_c_5601-1987?B?vsiz5w==?=", "\uc548\ub155"),
        (b"=?shift_jis?B?h0A=?=", "\u2460"),
        (b"=?iso-8859-1?Q?=93so=94?=", "\u201cso\u201d"),
        (b"=?unknown-8bit?Q?Gr=FC=DFe?=", "Gr\u00fc\u00dfe"),
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"a\tb  \x00c", "a b c"),
        (None, ""),
    ],
)
def test_a_value_reads_as_its_sender_meant(value: bytes | None, text: str) -> None:
    assert decode_value(value) == text


def test_a_value_is_cut_behind_so_many_words() -> None:
    assert decode_value(b"=?utf-8?q?a?= " * 101) == "a" * 100
    assert decode_value(b"see " + b"=?utf-8?q?a?= " * 3, words=2) == "see aa"
