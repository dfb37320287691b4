"""Missing packages are named with the command to type."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from deploy.local import folders
from deploy.local.programs import packages
from deploy.local.programs.mongod import missing_libraries
from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError, waiting

LDD = """\
\tlinux-vdso.so.1 (0x00007ffe8a9f2000)
\tliblzma.so.5 => not found
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0d2a000000)
\tlibcurl.so.4 => not found
"""


def test_the_libraries_that_are_missing_are_listed() -> None:
    assert missing_libraries(LDD) == ["liblzma.so.5", "libcurl.so.4"]


def test_user_without_root_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(NotPossibleError) as refusal:
        install(["rabbitmq-server"])

    assert str(refusal.value).splitlines()[1] == (
        "  sudo apt-get update && sudo apt-get install --no-install-recommends rabbitmq-server"
    )


def test_waiting_says_what_for_and_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("fetching"):
        pass

    assert capsys.readouterr().out == "mailroom  fetching …\nmailroom  fetching: done in 0.0 s\n"


def test_installs_at_the_same_time_take_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at_work: list[None] = []
    together: list[int] = []

    def apt_get(*_: str) -> None:
        at_work.append(None)
        together.append(max(len(at_work) for _ in range(500)))
        at_work.pop()

    before = sys.getswitchinterval()
    monkeypatch.setattr(folders, "LOCAL", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(packages, "_apt_get", apt_get)
    monkeypatch.setattr(packages, "_no_service_starts", nullcontext)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(install, [["nginx"]] * 50))
    finally:
        sys.setswitchinterval(before)

    assert together == [1] * 100
