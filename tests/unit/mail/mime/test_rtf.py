"""The text of RTF, and RTF as Outlook packs it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.mime.rtf import LONGEST, DamagedRtfError, text_of_rtf, unpack

FROM_HTML = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}"
    rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Good day,{\*\htmltag116 <br>}\htmlrtf \line"
    rb"\htmlrtf0 Bob\'e9\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}}"
)


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi Hello\par World}", "Hello\nWorld"),
        (rb"{\rtf1\ansi\ansicpg1252 Gr\'fc\'dfe}", "Grüße"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}", "При"),
        (rb"{\rtf1\ansi\ansicpg932 \'93\'fa\'96{\b }\'7b}", "日本"),
        (rb"{\rtf1\uc1 caf\u233?\~bar}", "café\xa0bar"),
        (rb"{\rtf1\uc1\u-10179?\u-8704?}", "\N{GRINNING FACE}"),
        (rb"{\rtf1{\uc2\u233ab}cd}", "écd"),
        (rb"{\rtf1 a\{b\}c\\d}", r"a{b}c\d"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator Riched;}x}", "x"),
        (rb"{\rtf1{\pict\bin4 }}{{x}y}", "y"),
        (FROM_HTML, "Good day,\nBobé"),
        (rb"{\rtf1\uc1\u-10179?x}", "\ufffdx"),
        (b"", ""),
    ],
)
def test_text_of_rtf_is_read(rtf: bytes, text: str) -> None:
    assert text_of_rtf(rtf) == text


@given(st.binary(max_size=200))
def test_any_octets_give_a_storable_text(octets: bytes) -> None:
    text_of_rtf(b"{\\rtf1" + octets).encode()


@given(st.binary(max_size=200))
def test_any_octets_are_unpacked_or_refused(octets: bytes) -> None:
    try:
        unpack(bytes(8) + b"LZFu" + bytes(4) + octets)
    except DamagedRtfError:
        return


@pytest.mark.parametrize("seed", [rb"{\field{\*\fldinst{HYPERLINK ", b"{", b"}", rb"\'", rb"\u1"])
def test_hostile_rtf_takes_time_by_its_size(seed: bytes) -> None:
    began = time.process_time()

    text_of_rtf(seed * (LONGEST // len(seed)))

    assert time.process_time() - began < 10


def test_unpacked_rtf_has_a_bound() -> None:
    # Each reference of two octets stands for sixteen.
    bomb = bytes(8) + b"LZFu" + bytes(4) + (b"\xff" + b"\x00\x0e" * 8) * 50_000

    with pytest.raises(DamagedRtfError):
        unpack(bomb)
