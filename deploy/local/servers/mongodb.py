"""A private `mongod`, a replica set of one, so that majority writes are real ones."""

import os
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.processes.child import Child, Program
from deploy.local.servers.local_server import LocalServer
from deploy.local.servers.secret_files import secret

REPLICA_SET = "rs0"
_OPTIONS = f"replicaSet={REPLICA_SET}&w=majority&journal=true&retryWrites=true&timeoutMS=10000"
_ADMINISTRATOR = "administrator"
_NOT_YET_INITIALIZED = 94
_SLOWEST_START = 60.0


class LocalMongoDB(LocalServer):
    """A server that keeps its data in one folder and its port for life, started or not.

    It lets nobody in without a password; its members, of which it is the only one, know each other
    by a key file. `test_commands` lets a test inject faults with `configureFailPoint`.
    """

    def __init__(
        self, folder: Path, port: int, mongod: Path, *, test_commands: bool = False
    ) -> None:
        super().__init__()
        self._folder = folder.resolve()
        self._port = port
        self._mongod = mongod
        self._test_commands = test_commands
        (self._folder / "db").mkdir(parents=True, exist_ok=True)
        self._key = secret(self._folder / "key")
        self._password = secret(self._folder / "password")

    @property
    def url(self) -> str:
        """The administrator's address of the database `mailroom`, password included."""
        return url_of(self._port, f"{_ADMINISTRATOR}:{self._password}")

    def start(self) -> None:
        """Start the server, or start it again with the same port and data; return when it serves.

        Raises:
            NotPossibleError: it died or takes too long; says what it logged last.
        """
        self._process = Child(self._program())
        self._process.wait_until(self._can_write, _SLOWEST_START)

    def _can_write(self) -> bool:
        try:
            if not is_writable(self._port, self._key):
                return False
            with _client(self._port, self._key) as client:
                _make_administrator(client, self._password)
        except PyMongoError:
            return False
        return True

    def _program(self) -> Program:
        return Program("mongod", self._command(), dict(os.environ), self._folder / "mongod.log")

    def _command(self) -> list[str]:
        command = [str(self._mongod), "--dbpath", str(self._folder / "db")]
        command += ["--bind_ip", "127.0.0.1", "--port", str(self._port), "--nounixsocket"]
        command += [
            "--replSet",
            REPLICA_SET,
            "--keyFile",
            str(self._folder / "key"),
            "--oplogSize",
            "64",
            "--wiredTigerCacheSizeGB",
            "0.25",
        ]
        # Nobody takes over in a set of one: waiting for a successor on SIGTERM is time lost.
        command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
        if self._test_commands:
            command += ["--setParameter", "enableTestCommands=1"]
            # Tests have a clock of their own: the server would delete what is old by its own.
            command += ["--setParameter", "ttlMonitorEnabled=false"]
        return command


def url_of(port: int, who: str = "") -> str:
    """Return the address of the database `mailroom` at `port`: majority writes, deadlines.

    `who` is a name and a password with a colon between, where the server asks for them.
    """
    if not who:
        return f"mongodb://127.0.0.1:{port}/mailroom?{_OPTIONS}"
    return f"mongodb://{who}@127.0.0.1:{port}/mailroom?authSource=admin&{_OPTIONS}"


def is_writable(port: int, key: str = "") -> bool:
    """Tell whether the server at `port` is a primary, making it the only member of its set first.

    `key` is what the members of the set know each other by, where they do.

    Raises:
        PyMongoError: it does not answer, or not yet.
    """
    with _client(port, key) as client:
        if client.admin.command("hello")["isWritablePrimary"]:
            return True
        _join_own_set(client, f"127.0.0.1:{port}")
    return False


def _client(port: int, key: str = "") -> MongoClient[dict[str, object]]:
    address = f"127.0.0.1:{port}/"
    if key:
        address = f"__system:{key}@{address}?authSource=local&authMechanism=SCRAM-SHA-256"
    return MongoClient(f"mongodb://{address}", directConnection=True, serverSelectionTimeoutMS=500)


def _make_administrator(client: MongoClient[dict[str, object]], password: str) -> None:
    if not client.admin.command("usersInfo", _ADMINISTRATOR)["users"]:
        client.admin.command("createUser", _ADMINISTRATOR, pwd=password, roles=["root"])


def _join_own_set(client: MongoClient[dict[str, object]], address: str) -> None:
    """Initiate the set, or tell a set whose server has moved to another port where it is now."""
    members = [{"_id": 0, "host": address}]
    try:
        current = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        return
    if current["members"][0]["host"] != address:
        moved = {**current, "version": current["version"] + 1, "members": members}
        client.admin.command("replSetReconfig", moved, force=True)
