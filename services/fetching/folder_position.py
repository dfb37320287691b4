"""Decides which mails of a folder are settled, and which come next. Pure.

A UID is settled once its mail is stored, is known already, or is left out for good. The UIDs of a
folder mean the same mails only as long as its UIDVALIDITY stays (RFC 9051 section 2.3.1.1).
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

MOST_SKIPPED: Final = 100
_MOST_FAILED: Final = 10
TRIES: Final = 3
"""How often a mail may fail before it is skipped, so that the mails behind it are not kept."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Older mails to go through: UIDs above `after` up to `until` that came at `since` or later.

    Their Message-IDs are read first, and only mails that are not known are fetched.
    """

    since: datetime
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A mail that was left in its folder, and why."""

    uid: int
    reason: str


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail that could not be fetched, or marked, so many times."""

    uid: int
    times: int


@dataclass(frozen=True, slots=True)
class FolderPosition:
    """How far a folder is fetched.

    UIDs up to `uid` are settled, except for those of `catch_up`. `unfiled` are mails that are
    stored but perhaps not yet marked or moved. `failed` are the latest ten mails that failed and
    are not settled.
    """

    uid_validity: int | None = None
    uid: int = 0
    catch_up: CatchUp | None = None
    unfiled: tuple[int, ...] = ()
    failed: tuple[FailedMail, ...] = ()
    skipped: tuple[Skipped, ...] = field(default=())

    def failures(self, uid: int) -> int:
        """Return how often a mail failed."""
        return next((one.times for one in self.failed if one.uid == uid), 0)

    def gives_up(self, uid: int) -> bool:
        """Say whether a mail failed so often that it is to be skipped."""
        return self.failures(uid) >= TRIES


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """A folder as the server opened it; `uid_next` is above every UID that is in it now.

    `uid_validity` is None if the server gave none, or 0, which RFC 9051 does not allow.
    """

    uid_validity: int | None
    uid_next: int


def reconciled(position: FolderPosition, opened: OpenedFolder, since: datetime) -> FolderPosition:
    """Return the position in a folder that was opened.

    Mails from before the first look are caught up with from `since` on. The same happens where the
    UIDs have lost their meaning: UIDVALIDITY has changed or is absent, or UIDs have fallen.
    """
    highest = opened.uid_next - 1
    is_same = opened.uid_validity is not None and opened.uid_validity == position.uid_validity
    if is_same and highest >= position.uid:
        return position
    # Skipped mails keep their reasons: their UIDs may be gone, but somebody still has to know.
    return FolderPosition(
        uid_validity=opened.uid_validity,
        uid=highest,
        catch_up=CatchUp(since, 0, highest) if highest else None,
        skipped=position.skipped,
    )


def pending(uids: Sequence[int], after: int, until: int | None = None) -> Sequence[int]:
    """Return the UIDs of a search that are wanted; they are ascending, as those of the search.

    A server answers `n+1:*` with its highest UID even if that is lower (RFC 9051 section 6.4.9).
    """
    end = len(uids) if until is None else bisect_right(uids, until)
    return uids[bisect_right(uids, after) : end]


def settled(position: FolderPosition, uid: int, *, filing: bool = False) -> FolderPosition:
    """Return the position after a mail was settled; with `filing` it is still to be marked."""
    unfiled = (*position.unfiled, uid) if filing else position.unfiled
    moved = replace(forgiven(position, uid), unfiled=unfiled)
    if position.catch_up and position.catch_up.after < uid <= position.catch_up.until:
        return _caught_up_to(moved, uid)
    return replace(moved, uid=max(position.uid, uid))


def caught_up(position: FolderPosition) -> FolderPosition:
    """Return the position after all older mails were gone through."""
    return replace(position, catch_up=None)


def failed(position: FolderPosition, uid: int) -> FolderPosition:
    """Return the position after a mail could not be fetched, stored or marked."""
    again = FailedMail(uid, position.failures(uid) + 1)
    return replace(position, failed=(*_without(position, uid), again)[-_MOST_FAILED:])


def forgiven(position: FolderPosition, uid: int) -> FolderPosition:
    """Return the position without the failures of a mail."""
    return replace(position, failed=_without(position, uid))


def filed(position: FolderPosition, uids: Collection[int]) -> FolderPosition:
    """Return the position after stored mails were marked or moved, or will not be."""
    left = tuple(one for one in position.unfiled if one not in uids)
    kept = tuple(one for one in position.failed if one.uid not in uids)
    return replace(position, unfiled=left, failed=kept)


def skipped(position: FolderPosition, uid: int, reason: str) -> FolderPosition:
    """Return the position after a mail was left out, with the reason."""
    return settled(noted(position, uid, reason), uid)


def noted(position: FolderPosition, uid: int, reason: str) -> FolderPosition:
    """Return the position with a word about a mail; the latest hundred are remembered."""
    others = [one for one in position.skipped if one.uid != uid]
    return replace(position, skipped=(*others, Skipped(uid, reason))[-MOST_SKIPPED:])


def going_back(position: FolderPosition, since: datetime) -> FolderPosition:
    """Return the position with everything since a time to be gone through once more."""
    if not position.uid:
        return position
    if position.catch_up:
        since = min(since, position.catch_up.since)
    return replace(position, catch_up=CatchUp(since, 0, position.uid))


def _without(position: FolderPosition, uid: int) -> tuple[FailedMail, ...]:
    return tuple(one for one in position.failed if one.uid != uid)


def _caught_up_to(position: FolderPosition, uid: int) -> FolderPosition:
    catch_up = position.catch_up
    if catch_up is None or uid >= catch_up.until:
        return replace(position, catch_up=None)
    return replace(position, catch_up=replace(catch_up, after=uid))
