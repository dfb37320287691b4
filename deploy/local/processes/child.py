"""A server process that belongs to us and never outlives us."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes.tether import tethered
from deploy.local.progress import NotPossibleError

# The kernel kills a tethered child when the thread that started it ends. This one lasts as long as
# the process, so that a child may be started from any thread.
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: the command, its whole environment, and the file its output goes to."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Child:
    """A running program in a session of its own, so that Ctrl-C reaches only us."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process = _LAUNCHER.submit(_launch, program).result()

    @property
    def pid(self) -> int:
        """The process id, for those who look from outside."""
        return self._process.pid

    def is_running(self) -> bool:
        """Tell whether the process is still there (a suspended one is)."""
        return self._process.poll() is None

    def suspend(self) -> None:
        """Freeze the process: its connections stay open, nothing answers from now on."""
        self._process.send_signal(signal.SIGSTOP)
        # The signal only asks: threads on other processors go on until each has seen it.
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask the process to stop, and return at once."""
        self.resume()
        self._process.terminate()

    def kill(self) -> None:
        """Kill the process as a power cut would, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self, grace: float = 30.0) -> None:
        """Ask the process to stop; kill it after `grace` seconds or when we are interrupted."""
        try:
            self.terminate()
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        except BaseException:
            self.kill()
            raise

    def wait_until(self, ready: Callable[[], bool], deadline: float) -> None:
        """Return once `ready()` holds.

        Raises:
            NotPossibleError: the process died or `deadline` seconds passed; says what it logged.
        """
        end = time.monotonic() + deadline
        while not ready():
            if not self.is_running() or time.monotonic() > end:
                raise NotPossibleError(self._last_words())
            time.sleep(0.05)

    def _last_words(self) -> str:
        what = "does not get ready" if self.is_running() else "died while starting"
        lines = self._program.log.read_text(errors="replace").splitlines()[-15:]
        return "\n  ".join([f"{self._program.name} {what}; {self._program.log} ends with:", *lines])


def _launch(program: Program) -> subprocess.Popen[bytes]:
    with program.log.open("ab") as log:
        return subprocess.Popen(
            tethered(program.command),
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
