"""Which mails of a folder come next, whatever its server says about UIDs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.fetching.folder_position import (
    MOST_SKIPPED,
    CatchUp,
    FailedMail,
    FolderPosition,
    OpenedFolder,
    Skipped,
    caught_up,
    failed,
    filed,
    going_back,
    pending,
    reconciled,
    settled,
    skipped,
)

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
AT_17 = FolderPosition(uid_validity=5, uid=17)


def test_first_look_catches_up_and_takes_new_mail_from_there() -> None:
    position = reconciled(FolderPosition(), OpenedFolder(5, 18), SINCE)

    assert position == replace(AT_17, catch_up=CatchUp(SINCE, 0, 17))


def test_first_look_into_an_empty_folder_has_nothing_to_catch_up() -> None:
    assert reconciled(FolderPosition(), OpenedFolder(5, 1), SINCE) == FolderPosition(5, 0)


def test_same_validity_keeps_the_position() -> None:
    position = replace(AT_17, catch_up=CatchUp(SINCE, 3, 9), unfiled=(17,))
    position = failed(position, 18)

    assert reconciled(position, OpenedFolder(5, 40), SINCE) is position


def test_changed_validity_has_the_folder_gone_through_again() -> None:
    position = replace(failed(AT_17, 18), unfiled=(17,), skipped=(Skipped(3, "too large"),))

    assert reconciled(position, OpenedFolder(6, 4), SINCE) == FolderPosition(
        6, 3, CatchUp(SINCE, 0, 3), skipped=(Skipped(3, "too large"),)
    )


def test_fallen_uids_have_the_folder_gone_through_again() -> None:
    assert reconciled(AT_17, OpenedFolder(5, 10), SINCE) == FolderPosition(
        5, 9, CatchUp(SINCE, 0, 9)
    )


def test_absent_validity_has_the_folder_gone_through_each_time() -> None:
    first = reconciled(FolderPosition(), OpenedFolder(None, 18), SINCE)
    second = reconciled(caught_up(first), OpenedFolder(None, 18), SINCE)

    assert first == second == FolderPosition(None, 17, CatchUp(SINCE, 0, 17))


def test_search_beyond_the_last_uid_finds_nothing_new() -> None:
    # RFC 9051 section 6.4.9: `18:*` means `17:18` where 17 is the last.
    assert pending([17], 17) == []


def test_search_is_bounded() -> None:
    assert pending([4, 17, 18, 25, 30], 17, 25) == [18, 25]


def test_settled_new_mail_moves_the_position() -> None:
    position = failed(failed(AT_17, 18), 18)

    assert settled(position, 18, filing=True) == replace(AT_17, uid=18, unfiled=(18,))


def test_settled_mail_clears_the_failures_of_no_other() -> None:
    position = replace(failed(failed(AT_17, 4), 4), catch_up=CatchUp(SINCE, 0, 17))

    after = settled(settled(position, 18), 19)

    assert after.failures(4) == 2
    assert settled(after, 4).failures(4) == 0


def test_mails_that_fail_in_turn_are_both_given_up() -> None:
    position = AT_17
    for _ in range(3):
        position = failed(failed(position, 4), 18)

    assert position.gives_up(4)
    assert position.gives_up(18)


def test_failures_of_the_latest_mails_are_remembered() -> None:
    position = AT_17
    for uid in range(100):
        position = failed(position, uid)

    assert [one.uid for one in position.failed] == list(range(90, 100))


def test_filed_mails_are_no_longer_to_be_filed() -> None:
    position = replace(AT_17, unfiled=(15, 16, 17))

    assert filed(position, [15, 17]).unfiled == (16,)


def test_settled_older_mail_moves_only_the_catching_up() -> None:
    position = replace(AT_17, catch_up=CatchUp(SINCE, 0, 17))

    assert settled(position, 4) == replace(AT_17, catch_up=CatchUp(SINCE, 4, 17))
    assert settled(position, 18) == replace(position, uid=18)


def test_last_older_mail_ends_the_catching_up() -> None:
    assert settled(replace(AT_17, catch_up=CatchUp(SINCE, 4, 17)), 17) == AT_17


def test_mail_is_given_up_at_its_third_failure_in_a_row() -> None:
    twice = failed(failed(AT_17, 18), 18)

    assert twice.failed == (FailedMail(18, 2),)
    assert not twice.gives_up(18)
    assert failed(twice, 18).gives_up(18)
    assert failed(twice, 19).failures(19) == 1


def test_skipped_mail_is_named_and_passed() -> None:
    position = skipped(failed(AT_17, 18), 18, "too large")

    assert position == replace(AT_17, uid=18, skipped=(Skipped(18, "too large"),))


def test_only_the_latest_hundred_skipped_mails_are_remembered() -> None:
    position = AT_17
    for uid in range(18, 18 + MOST_SKIPPED + 5):
        position = skipped(position, uid, "too large")

    assert [one.uid for one in position.skipped] == list(range(23, 123))


def test_going_back_goes_through_everything_known_once_more() -> None:
    assert going_back(AT_17, SINCE).catch_up == CatchUp(SINCE, 0, 17)


def test_going_back_while_catching_up_keeps_the_earlier_time() -> None:
    earlier = SINCE - timedelta(days=9)
    position = replace(AT_17, catch_up=CatchUp(earlier, 9, 12))

    assert going_back(position, SINCE).catch_up == CatchUp(earlier, 0, 17)
    assert going_back(going_back(AT_17, SINCE), earlier).catch_up == CatchUp(earlier, 0, 17)


def test_going_back_in_a_folder_never_opened_changes_nothing() -> None:
    assert going_back(FolderPosition(), SINCE) == FolderPosition()
