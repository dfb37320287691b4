"""Folders of local data."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local import folders
from deploy.local.folders import kept_folder, temporary_folder
from deploy.local.progress import NotPossibleError


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "LOCAL", tmp_path)
    return tmp_path


def test_a_kept_folder_belongs_to_one_process_at_a_time() -> None:
    with kept_folder("run"), pytest.raises(NotPossibleError, match="in use"):  # noqa: SIM117
        with kept_folder("run"):
            pass


def test_a_kept_folder_is_kept() -> None:
    with kept_folder("run") as folder:
        (folder / "mail").touch()

    assert (folder / "mail").exists()


def test_a_temporary_folder_is_removed() -> None:
    with temporary_folder() as folder:
        (folder / "mail").touch()

    assert not folder.exists()


def test_folder_of_a_killed_process_is_removed_and_others_stay(local: Path) -> None:
    left = local / "passing" / "left"
    left.mkdir(parents=True)

    with temporary_folder() as first, temporary_folder() as second:
        assert not left.exists()
        assert first.exists()
        assert second.exists()


def test_folder_that_is_being_made_is_not_tidied_up() -> None:
    def use_a_folder(_: int) -> bool:
        with temporary_folder() as folder:
            (folder / "mail").touch()
            return folder.exists()

    with ThreadPoolExecutor(16) as threads:
        kept = list(threads.map(use_a_folder, range(400)))

    assert all(kept)
