"""Answers to SEARCH, right and wrong ones."""

import tracemalloc

import pytest

from services.fetching.imap.uid_lists import uids_in


def test_uids_are_ascending_and_each_once() -> None:
    assert list(uids_in([b"7 3 9 3"])) == [3, 7, 9]


def test_nothing_found_is_an_empty_list() -> None:
    assert [list(uids_in(answers)) for answers in ([None], [b""], [])] == [[], [], []]


def test_several_answers_and_a_modseq_are_read() -> None:
    assert list(uids_in([b"1 2", b"3 4 (MODSEQ 917162500)"])) == [1, 2, 3, 4]


def test_no_uid_is_lost_where_the_answer_is_cut_into_pieces() -> None:
    wanted = list(range(1, 100_000))

    assert list(uids_in([" ".join(map(str, wanted)).encode()])) == wanted


@pytest.mark.parametrize(
    "answer", [b"one", b"-1", b"4294967296", b"9" * 30, b"9" * 5_000, b"\0\xff", b"1 \xb2"]
)
def test_what_is_no_uid_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        uids_in([b"1 " + answer])


def test_millions_of_numbers_take_little_memory() -> None:
    answer = b"1 " * 2_000_000
    tracemalloc.start()
    try:
        uids = uids_in([answer])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert list(uids) == [1]
    assert peak < 5 * len(answer)
