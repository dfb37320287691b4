"""Fork a service's process for each request: `fork_server.py MODULE SOCKET`.

A request on the socket, whose descriptor is `SOCKET`, is the environment as JSON. With it come two
descriptors: of what the process prints, and of its status. The status is a line with the process
id, then one with the exit code, which is a signal's number below zero.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

LARGEST_ENVIRONMENT: Final = 100_000
"""Octets of JSON."""

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Import the module, then become it in each process that is forked."""
    module, descriptor = sys.argv[1:]
    program = f"{module}.__main__"
    importlib.import_module(program)
    # Or the program would be reported as imported before it runs.
    del sys.modules[program]
    if threading.active_count() != 1:
        sys.exit(f"importing {module} starts a thread, and a fork has none but its own")
    # A collection in one process would otherwise copy the pages that all of them share.
    gc.freeze()
    environment = _serve(socket.socket(fileno=int(descriptor)))
    if environment is None:
        return
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _serve(requests: socket.socket) -> Mapping[str, str] | None:
    """Fork for each request; return its environment in the child, and None when none comes."""
    running: dict[int, int] = {}
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                woken.recv(LARGEST_ENVIRONMENT)
                _report_ended(running)
            if requests not in ready:
                continue
            words, descriptors, _, _ = socket.recv_fds(requests, LARGEST_ENVIRONMENT, 2)
            if not words:
                return None
            printed, status = descriptors
            server = os.getpid()
            if (child := os.fork()) == 0:
                _leave_server(server, printed)
                for inherited in (status, *running.values()):
                    os.close(inherited)
                requests.close()
                woken.close()
                waker.close()
                return dict(json.loads(words))
            running[child] = status
            os.close(printed)
            os.write(status, f"{child}\n".encode())


def _report_ended(running: dict[int, int]) -> None:
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        report = running.pop(child)
        # The one who asked for it may have ended.
        with suppress(BrokenPipeError):
            os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(report)


def _leave_server(server: int, printed: int) -> None:
    """Become what a process is that a program was started in, and die with the server."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != server:
        sys.exit("the server died before its child could be tied to it")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.close(printed)


if __name__ == "__main__":
    main()
