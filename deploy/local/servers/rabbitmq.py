"""A private RabbitMQ node from Debian's package; the machine's own node is never touched."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.folders import process_lock
from deploy.local.processes.child import Child, Program
from deploy.local.processes.ports import free_port, is_open
from deploy.local.processes.tether import tethered
from deploy.local.programs.packages import disable_service, install
from deploy.local.progress import NotPossibleError
from deploy.local.servers.accounts import Accounts
from deploy.local.servers.local_server import LocalServer
from deploy.local.servers.secret_files import secret

_INSTALLED = Path("/usr/lib/rabbitmq/lib")
_NODE = "mailroom@localhost"
_USER = "mailroom"
_LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
_SLOWEST_START = 120.0


def find_rabbitmq() -> Path:
    """Return the folder of the newest installed RabbitMQ's scripts, installed first if need be.

    Raises:
        NotPossibleError: it is missing and only root can install it; says what to type.
    """
    with process_lock("rabbitmq"):
        if (found := _newest()) is None:
            install(["rabbitmq-server"])
            disable_service("rabbitmq-server")
            found = _newest()
    if found is None:
        raise NotPossibleError(f"rabbitmq-server is installed, but not in {_INSTALLED}")
    return found


def _newest() -> Path | None:
    # The wrapper in /usr/sbin insists on root or the user rabbitmq; these scripts do not.
    scripts = _INSTALLED.glob("rabbitmq_server-*/sbin/rabbitmq-server")
    return max((script.parent for script in scripts), key=_version, default=None)


def _version(scripts: Path) -> tuple[int, ...]:
    numbers = scripts.parent.name.removeprefix("rabbitmq_server-").split(".")
    return tuple(int(number) for number in numbers if number.isdigit())


@dataclass(frozen=True, slots=True)
class RabbitPorts:
    """Where a node listens, all on 127.0.0.1."""

    amqp: int
    management: int
    epmd: int
    distribution: int
    control: int

    @classmethod
    def choose(cls, *, amqp: int | None = None, management: int | None = None) -> "RabbitPorts":
        """Return free ports: the preferred ones where possible."""
        return cls(
            amqp=free_port(amqp),
            management=free_port(management),
            epmd=free_port(),
            distribution=free_port(),
            control=free_port(),
        )


class LocalRabbitMQ(LocalServer):
    """A node that keeps its data in one folder and its ports for life, started or not.

    With accounts it loads, at each start, the users of all services and what they may do.
    """

    def __init__(
        self,
        folder: Path,
        ports: RabbitPorts,
        *,
        management: bool,
        accounts: Accounts | None = None,
    ) -> None:
        super().__init__()
        self._folder = folder.resolve()
        self._ports = ports
        self._management = management
        self._scripts = find_rabbitmq()
        self._epmd: Child | None = None
        password = _prepare(self._folder)
        self._accounts = accounts
        self._user, self._password = (
            (accounts.operator.name, accounts.operator.password) if accounts else (_USER, password)
        )

    @property
    def url(self) -> str:
        """The AMQP address of the default virtual host, user and password included."""
        return f"amqp://{self._user}:{self._password}@127.0.0.1:{self._ports.amqp}/"

    @property
    def management_url(self) -> str:
        """The HTTP address of the management API, user and password included."""
        return f"http://{self._user}:{self._password}@127.0.0.1:{self._ports.management}"

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of ours behind this node: port mapper, then Erlang."""
        return (*(() if self._epmd is None else (self._epmd.pid,)), *super().pids)

    def start(self) -> None:
        """Start the node, or start it again with the same ports and data; return when it serves."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the node and return before it serves, so that others can start meanwhile."""
        if self._epmd is None or not self._epmd.is_running():
            # epmd started by Erlang would become a daemon and stay for ever: ours is a child.
            self._epmd = Child(self._epmd_program())
            self._epmd.wait_until(lambda: is_open(self._ports.epmd), deadline=10.0)
        self._write_configuration()
        self._process = Child(self._node_program())

    def wait_until_ready(self) -> None:
        """Return when the launched node answers AMQP, and HTTP if it has the management API.

        Raises:
            NotPossibleError: it died or takes too long; says what it logged last.
        """
        self._started().wait_until(self._answers, _SLOWEST_START)

    def stop(self, grace: float = 30.0) -> None:
        """Stop the node (6 s with the management API), then its port mapper."""
        super().stop(grace)
        self._stop_epmd()

    def discard(self) -> None:
        """End node and port mapper at once, for data that nobody needs any more."""
        super().discard()
        self._stop_epmd()

    def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against this node and return what it prints (about 0.6 s)."""
        # Tethered: one that survived us would find no port mapper and leave a daemon of its own.
        command = tethered([str(self._scripts / "rabbitmqctl"), "--quiet", *arguments])
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, check=True
        )
        return done.stdout

    def settle(self) -> None:
        """Make the queues that exist now survive a kill with all they hold.

        3.10.8 confirms what goes into a quorum queue in its first second before it has put down
        that the queue exists: after a kill in that second the queue has lost it and stays without
        a leader. A test that kills says so first, unless it means that second.
        """
        self.control("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def _stop_epmd(self) -> None:
        if self._epmd is not None:
            self._epmd.kill()

    def _answers(self) -> bool:
        web = not self._management or is_open(self._ports.management)
        return web and speaks_amqp(self._ports.amqp)

    def _epmd_program(self) -> Program:
        command = ["epmd", "-port", str(self._ports.epmd), "-address", "127.0.0.1"]
        return Program("epmd", command, self._environment(), self._folder / "epmd.log")

    def _node_program(self) -> Program:
        command = [str(self._scripts / "rabbitmq-server")]
        return Program("RabbitMQ", command, self._environment(), self._folder / "node.log")

    def _write_configuration(self) -> None:
        plugins = "rabbitmq_management" if self._management else ""
        (self._folder / "enabled_plugins").write_text(f"[{plugins}].\n")
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._ports.amqp}\n"
            f"default_user = {self._user}\n"
            f"default_pass = {self._password}\n"
            f"{self._loading()}"
            "vm_memory_high_watermark.absolute = 1GB\n"
            "disk_free_limit.absolute = 200MB\n"
            + (
                f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self._ports.management}\n"
                if self._management
                else ""
            )
        )

    def _loading(self) -> str:
        if self._accounts is None:
            return ""
        file = self._folder / "definitions.json"
        file.touch(mode=0o600)
        file.write_text(self._accounts.definitions())
        return f"load_definitions = {file}\n"

    def wipe(self) -> None:
        """Throw away all data of a node that does not run: messages, queues, users, policies."""
        shutil.rmtree(self._folder / "mnesia")
        _prepare(self._folder)

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        return _inherited() | {
            "HOME": folder,  # where Erlang looks for its cookie
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_BASE": folder,
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/rabbitmq-env.conf",  # or the one in /etc is read
            "RABBITMQ_DIST_PORT": str(self._ports.distribution),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(self._ports.control),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(self._ports.control),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _LOOPBACK_ONLY,
            "RABBITMQ_CTL_ERL_ARGS": _LOOPBACK_ONLY,
            "ERL_EPMD_PORT": str(self._ports.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes Erlang: one process, our child
        }


def _inherited() -> dict[str, str]:
    """Return the environment without the variables for another node."""
    ours = ("RABBITMQ_", "ERL_", "NOTIFY_SOCKET")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _prepare(folder: Path) -> str:
    """Make the folder ready and return the password that belongs to its data."""
    for name in ("mnesia", "log", "generated"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "rabbitmq-env.conf").touch()
    secret(folder / ".erlang.cookie")
    return secret(folder / "password")


def speaks_amqp(port: int) -> bool:
    """Tell whether a broker answers the AMQP greeting on 127.0.0.1 at `port`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"  # the method frame Connection.Start
    except OSError:
        return False
