"""The order of charsets in which octets are decoded."""

import pytest

from shared.mail.mime.charsets import codec_for, decode, decode_raw


@pytest.mark.parametrize(
    ("raw", "label", "text"),
    [
        (b"plain", None, "plain"),
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        (b"\x93quoted\x94 \x80", "iso-8859-1", "“quoted” €"),
        (b"\x81", "windows-1252", "\x81"),
        ("镕".encode("gb18030"), "gb2312", "镕"),
        ("똠".encode("cp949"), "ks_c_5601-1987", "똠"),
        ("①".encode("cp932"), "shift_jis", "①"),
        ("日本語".encode("iso2022_jp"), "iso-2022-jp", "日本語"),
        ("日本語".encode("iso2022_jp"), None, "日本語"),
        ("日本語".encode("iso2022_jp"), "us-ascii", "日本語"),
        (
            "日本語です、これはテストです".encode("cp932"),
            "iso-2022-jp",
            "日本語です、これはテストです",
        ),
        (b"\x1b$B-!\x1b(B", "iso-2022-jp", "①"),
        ("한국어".encode("iso2022_kr"), "iso-2022-kr", "한국어"),
        (b"Hi +AOk-", "utf-7", "Hi é"),
        ("Привет, как дела?".encode("koi8-r"), "x-unknown", "Привет, как дела?"),
        ("Grüße".encode(), "no-such-charset", "Grüße"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("กรุงเทพ".encode("cp874"), "windows-874", "กรุงเทพ"),
        (b"aGVsbG8=", "base64", "aGVsbG8="),
        ("Ωmega".encode("utf-16"), "utf-16", "Ωmega"),
    ],
)
def test_octets_become_the_text_that_was_meant(raw: bytes, label: str | None, text: str) -> None:
    assert decode(raw, label) == text


@pytest.mark.parametrize(
    "label", ["utf-8", "gb2312", "utf-7", "iso-2022-jp", "utf-16", "nonsense", ""]
)
def test_no_octets_make_it_fail(label: str) -> None:
    everything = bytes(range(256)) * 2 + b"\x1b$B\xff"

    assert decode(everything, label).encode("utf-8")


@pytest.mark.parametrize(
    "label", ["base64", "zlib", "rot13", "unicode_escape", "idna", "../x", "ü"]
)
def test_a_codec_that_is_no_charset_is_not_found(label: str) -> None:
    assert codec_for(label) is None


def test_raw_header_octets_are_utf_8_before_the_body_charset() -> None:
    assert decode_raw("Grüße".encode(), "iso-8859-1") == "Grüße"
    assert decode_raw("中文".encode("big5"), "big5") == "中文"


@pytest.mark.parametrize(
    ("text", "encoding", "hint"),
    [
        ("转发整体提升企业服务", "gbk", "iso-8859-1"),
        ("测试", "gbk", "utf-8"),
        ("大家好", "big5", ""),
        ("안녕하세요", "euc-kr", "us-ascii"),
        ("お問い合わせ", "shift_jis", "windows-1252"),
        ("お問い合わせ", "euc-jp", "iso-8859-1"),
        ("Счёт на оплату", "koi8-r", "iso-8859-1"),
        ("Счёт на оплату", "cp1251", "utf-8"),
        ("Příliš žluťoučký", "iso-8859-2", ""),
        ("Příliš žluťoučký", "iso-8859-2", "iso-8859-2"),
        ("Καλημέρα", "cp1253", "iso-8859-1"),
        ("Grüße aus Köln", "latin-1", "utf-8"),
        ("Réponse à votre demande", "latin-1", "iso-8859-1"),
        ("ÄÖÜ", "latin-1", "iso-8859-1"),
        ("naïve “quotes”", "cp1252", "iso-8859-1"),
    ],
)
def test_raw_header_octets_are_read_in_their_script(text: str, encoding: str, hint: str) -> None:
    assert decode_raw(text.encode(encoding), hint) == text


@pytest.mark.parametrize(
    ("raw", "label", "text"),
    [
        ("Grüße, schöne Grüße".encode()[:-3] + b"\xc3", "utf-8", "Grüße, schöne Grü\ufffd"),
        ("Grüße, ".encode() + b"\xff" + "schöne".encode(), "utf-8", "Grüße, \ufffdschöne"),
        ("Grüße, ".encode() + b"\xff" + "schöne".encode(), None, "Grüße, \ufffdschöne"),
        ("整体提升企业服务".encode("gbk")[:-1], "gb2312", "整体提升企业服\ufffd"),
        ("Привет".encode("cp1251") + b"\x98", "windows-1251", "Привет\x98"),
        ("Grüße".encode("latin-1"), "utf-8", "Grüße"),
        ("Grüße".encode(), "gb2312; x", "Grüße"),
    ],
)
def test_damage_does_not_change_the_charset(raw: bytes, label: str | None, text: str) -> None:
    assert decode(raw, label) == text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8;", "utf-8"),
        ("'UTF-8'", "utf-8"),
        ("x-windows-949", "cp949"),
        ("cp936", "gb18030"),
        ("windows-950", "big5hkscs"),
        ("x-cp1251", "cp1251"),
        ("dos-874", "cp874"),
    ],
)
def test_labels_are_read_as_they_are_written(label: str, codec: str) -> None:
    assert codec_for(label) == codec
