"""Sections (time against size): no text takes many times as long as a plain one of its size."""

import time
from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from shared.mail.sections.reader import sections

SIZE = 10_000
PLAIN = "Yes.\n"
MOST_TIMES_PLAIN = 25
"""Marks are up to eight times as much work as plain words, for each character; the rest is room
for other work on the machine."""

SCRAPS = [
    ">", "> ", "\n", "-", "--\n", "_", "=", "~", ":", "wrote", "wrote:", "On ", "On 3.3.2021 ",
    "a@", "a@b.example", "<", "3.3.", "10:10 ", "From:", "To: x\n", "Subject: ", "Sent: 2021\n",
    "----Original Message", "----\n", "Begin forwarded message:\n", "Sent from my ", "iPhone",
    "confidential ", "this message ", "is intended ", "Regards,\n", "Tel: 030 1234567\n", "www.",
    "[", "]", "(", "*", "|", "A> ", "写", "เขียน", " ", "\t", "\r\n", "?", "unsubscribe", "Am ",
    "schrieb ", "\u202a", "de ", "--BEGIN PGP SIGN", "\n\n",
]  # fmt: skip


def seconds(text: str) -> float:
    begin = time.process_time()
    sections(text)
    return time.process_time() - begin


@cache
def plain() -> float:
    text = PLAIN * (SIZE // len(PLAIN))
    return max(seconds(text) for _ in range(3))


def take(text: str) -> None:
    assert any(seconds(text) < MOST_TIMES_PLAIN * plain() for _ in range(3))


@given(
    st.text(max_size=3),
    st.lists(st.sampled_from(SCRAPS), min_size=1, max_size=6),
)
@example("", ["To: x\n"])
@example("", ["From:", "To: x\n"])
@example("", ["3.3.", "wrote", "\n"])
@example("", ["On 3.3.2021 ", "\n"])
@example("x", ["----Original Message", "----\n", "> "])
@example("", ["----Original Message", "----\n", "> ", "\n"])
@example("", ["-"])
@example("", [">"])
@example("", ["Regards,\n", "Tel: 030 1234567\n"])
@example("", ["\n"])
def test_repeated_scraps_take_time_in_proportion(begin: str, scraps: list[str]) -> None:
    scrap = "".join(scraps)

    take(begin + scrap * (SIZE // len(scrap)))


def test_ten_times_the_text_takes_ten_times_as_long() -> None:
    for scrap in ("On 3.3.2021 Ann wrote:\n> x\ny\n", "From: a\nTo: b\n", "-- \n", "> a\nb\n"):
        small, large = scrap * 100, scrap * 1_000

        assert any(seconds(large) < 25 * max(seconds(small), 0.001) for _ in range(3))
