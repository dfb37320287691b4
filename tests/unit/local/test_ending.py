"""Ctrl-C ends everything soon, and what runs is not cleaned away."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.local.__main__ import environment_file
from deploy.local.folders import CHECKOUT

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
