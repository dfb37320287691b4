"""The interface of a private server of any kind, above all for tests that break it."""

from deploy.local.processes.child import Child
from deploy.local.progress import NotPossibleError


class LocalServer:
    """A server that keeps its ports and its data for life, whether its process runs or not."""

    def __init__(self) -> None:
        self._process: Child | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of ours behind this server, the server's own last."""
        return () if self._process is None else (self._process.pid,)

    def is_running(self) -> bool:
        """Tell whether the server's process is there (a suspended one is)."""
        return self._process is not None and self._process.is_running()

    def terminate(self) -> None:
        """Ask the server to stop, and return at once."""
        if self.is_running():
            self._started().terminate()

    def stop(self, grace: float = 30.0) -> None:
        """Stop the server as its makers mean it, or kill it after `grace` seconds.

        Nothing of ours listens afterwards.
        """
        if self._process is not None:
            self._process.stop(grace)

    def discard(self) -> None:
        """End everything at once, for data that nobody needs any more."""
        if self._process is not None:
            self._process.kill()

    def kill(self) -> None:
        """Kill the server as a power cut would; `start` brings it back with its data."""
        self._started().kill()

    def suspend(self) -> None:
        """Freeze the server: connections stay open and nothing answers."""
        self._started().suspend()

    def resume(self) -> None:
        """Let a suspended server go on."""
        self._started().resume()

    def _started(self) -> Child:
        if self._process is None:
            raise NotPossibleError("this server was never started")
        return self._process
