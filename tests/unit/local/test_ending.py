"""Ctrl-C ends everything soon, and what runs is not cleaned away."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.__main__ import environment_file
from deploy.local.folders import CHECKOUT

# Like that of `python -m venv`, the work is done by a process of this process.
PYTHON = """\
#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {real} "$@"
exec {real} -c 'import subprocess, sys
work = "import os, time; os.write({told}, bytes(1)); time.sleep(60)"
subprocess.run([sys.executable, "-c", work], pass_fds=[{told}])'
"""
STUBBORN = """
import signal, time
from deploy.local import run
run._LONGEST_END = 5.0
signal.signal(signal.SIGINT, run._interrupt)
try:
    print("up", flush=True)
    time.sleep(60)
finally:
    time.sleep(60)
"""


def test_ctrl_c_ends_within_five_seconds_whatever_is_stopping() -> None:
    with subprocess.Popen(  # noqa: S603 - the text above
        [sys.executable, "-c", STUBBORN], cwd=CHECKOUT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()

        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        code = process.wait(20)

    assert code == 130
    assert time.monotonic() - began < 7  # a busy machine takes a while to notice


def test_ctrl_c_while_packages_are_installed_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "local").mkdir(parents=True)
    for name in ("Makefile", "deploy/local/bootstrap.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    python = tmp_path / "python3.14"
    heard, told = os.pipe()
    python.write_text(PYTHON.format(real=sys.executable, told=told))
    python.chmod(0o755)
    with subprocess.Popen(
        ["make", ".venv/installed"],  # noqa: S607 - whichever make there is
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        pass_fds=[told],
        start_new_session=True,
    ) as process:
        os.close(told)
        assert os.read(heard, 1)

        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        # The pipe ends when the last process that could write to it has ended.
        is_ended = bool(select.select([heard], [], [], 10)[0]) and os.read(heard, 100) == b""
        os.close(heard)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    assert is_ended
    assert process.returncode != 0


@pytest.mark.parametrize("module", ["", ".demo", ".desktop_build"])
def test_unknown_arguments_are_refused_before_anything_starts(module: str) -> None:
    done = subprocess.run(  # noqa: S603 - a module of ours
        [sys.executable, "-m", f"deploy.local{module}", "--port", "9000"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout.startswith("mailroom  unknown: --port 9000. This takes no arguments")
    assert len(done.stdout.splitlines()) == 1


def test_clean_refuses_while_a_system_runs(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "local").mkdir(parents=True)
    for name in ("Makefile", "deploy/local/bootstrap.sh"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    for name in ("services", "shared", "tests"):
        (tmp_path / name).mkdir()
    lock = tmp_path / ".local" / "run" / "lock"
    lock.parent.mkdir(parents=True)

    def clean() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["make", "clean"],  # noqa: S607 - whichever make there is
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = clean()
        assert lock.exists()
    done = clean()

    assert refused.returncode != 0
    assert ".local/run is in use: stop what runs" in refused.stderr
    assert (done.returncode, lock.exists()) == (0, False)


def test_a_shell_that_sources_the_file_has_the_addresses(tmp_path: Path) -> None:
    variables = {"MONGODB_URL": "mongodb://a:p'w$d@localhost/x?a=1&b=2"}

    with environment_file(variables, tmp_path / "environment") as file:
        shown = subprocess.run(  # noqa: S603 - a file of ours
            [
                "/bin/sh",
                "-c",
                '. "$0" && printf %s "$MONGODB_URL" && command -v mailroom',
                str(file),
            ],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        mode = file.stat().st_mode & 0o777

    assert shown.stdout.startswith(variables["MONGODB_URL"])
    assert shown.stdout.endswith("/.venv/bin/mailroom\n")
    assert (mode, file.exists()) == (0o600, False)
