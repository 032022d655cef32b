"""The embedded PostgreSQL server of a site: made on first use, started with the site and stopped with it.

The data directory holds all of it, or a pointer to where it lies. One process at a time owns the server (a lock
in the data directory says so); operator commands reach the one that runs, or start it for as long as they need.
Connections go through a socket in a directory that nobody else can enter, which stands in for passwords.
"""

import atexit
import contextlib
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from app.core.postgres.account import choose_account
from app.core.postgres.binaries import bring_within_reach, find_binaries
from app.core.postgres.cluster import SUPERUSER, Cluster, read_postmaster
from app.core.postgres.databases import Database, drop_database, ensure_database, ensure_roles
from app.core.postgres.errors import DatabaseInUse, DatabaseServerError, NoDatabase
from app.core.postgres.location import CLUSTER, find_home, make_home, make_socket_directory
from app.core.postgres.lock import SiteLock, Use

DATABASE = "unstuck"
WAIT_SECONDS = 120
"""How long to wait for a process that is starting, stopping or running a command on the same database."""


@dataclass
class EmbeddedServer:
    """A running server. Whoever started it stops it; one that was merely reached is left running."""

    home: Path
    socket_dir: Path
    binaries: Path
    _cluster: Cluster | None = None
    _lock: SiteLock | None = None
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.socket_dir, DATABASE)

    @property
    def app_url(self) -> str:
        return self.database.app_url

    @property
    def owner_url(self) -> str:
        return self.database.owner_url

    @property
    def maintenance_url(self) -> str:
        return self.database.maintenance_url

    @property
    def is_ours(self) -> bool:
        """Whether this process started the server."""
        return self._cluster is not None

    def create_database(self, name: str, *, template: str | None = None) -> Database:
        """Make a database with the roles' rights and the extensions, or a copy of `template` as it stands."""
        database = Database(self.socket_dir, name)
        ensure_database(database, template=template)
        return database

    def drop_database(self, name: str) -> None:
        """Drop a database and end every connection to it."""
        drop_database(Database(self.socket_dir, name))

    def keep_to(self, cores: Collection[int]) -> None:
        """Let what serves connections from now on run on these cores alone."""
        os.sched_setaffinity(int(read_postmaster(self.home / CLUSTER)[0]), cores)

    def stop(self) -> None:
        """Stop the server if this process started it. May be called more than once."""
        atexit.unregister(self.stop)
        cluster, lock = self._cluster, self._lock
        self._cluster = self._lock = None
        if cluster is not None and lock is not None:
            lock.announce(Use.STOPPING)
            cluster.stop()
            lock.release()


def start_server(data_dir: Path, *, durable: bool = True) -> EmbeddedServer:
    """Make the database on first use, start its server, and wait until it answers.

    Not `durable` is for tests: faster, and a crash of the machine may lose everything. The server also stops when
    this process exits, is told to end, or (on Linux, when started from the main thread) is killed.
    Raises DatabaseInUse when a site already runs here, DatabaseServerError with what to do for everything else.
    """
    return _start(data_dir.resolve(), Use.SERVING, durable=durable)


def find_server(data_dir: Path, *, create: bool = False) -> EmbeddedServer:
    """Reach the server of a running site, or start that of a stopped one; `stop()` undoes just what this did.

    Raises NoDatabase when there is none yet, unless told to create it.
    """
    data_dir = data_dir.resolve()
    home = find_home(data_dir)
    if not (home / CLUSTER).exists() and not create:
        raise NoDatabase(f"There is no database in {data_dir}: start the site once, or give --data-dir.")
    try:
        return _start(data_dir, Use.COMMAND, durable=True)
    except DatabaseInUse:
        return _reach(home)


def load_secret_key(data_dir: Path) -> str:
    """The site's own secret, made on first use and readable by its owner alone."""
    path = data_dir / "secret_key"
    if not path.exists():
        draft = data_dir / f"secret_key.{os.getpid()}"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)  # Fails when another process was first; then its key holds.
        draft.unlink()
    return path.read_text()


def _start(data_dir: Path, use: Use, *, durable: bool) -> EmbeddedServer:
    try:
        account = choose_account(find_home(data_dir) / CLUSTER)
        home = make_home(data_dir, account)
        lock = SiteLock(home / "lock")
        _take_lock(lock, data_dir)
    except PermissionError as error:
        raise DatabaseServerError(
            f"{error.filename} is closed to this user: run as the user who made {data_dir}, or give --data-dir."
        ) from error
    _exit_when_told_to_end()
    cluster = None
    try:
        binaries = find_binaries()
        cluster = Cluster(home, account, bring_within_reach(binaries, account, home))
        if not cluster.directory.exists():
            cluster.create(durable=durable)
        cluster.check_version(data_dir)
        socket_dir = make_socket_directory(home, account)
        cluster.start(socket_dir, durable=durable)
        server = EmbeddedServer(home, socket_dir, binaries, cluster, lock)
        ensure_roles(Database(socket_dir, SUPERUSER))
        ensure_database(server.database)
    except BaseException:
        if cluster is not None:
            cluster.stop()
        lock.release()
        raise
    atexit.register(server.stop)
    lock.announce(use)
    return server


def _take_lock(lock: SiteLock, data_dir: Path) -> None:
    """Wait for whoever starts, stops or runs a command here; refuse beside a site that serves."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not lock.acquire():
        pid, use = lock.read_holder()
        if use is Use.SERVING or time.monotonic() > deadline:
            raise DatabaseInUse(
                f"Process {pid} is {use} on the database in {data_dir}: stop it, or give another --data-dir."
            )
        time.sleep(0.1)


def _reach(home: Path) -> EmbeddedServer:
    """The server of a site that holds the lock and serves."""
    lines = read_postmaster(home / CLUSTER)
    if lines[7:8] != ["ready"]:
        raise DatabaseServerError(f"The database in {home} is just starting or stopping: try again in a moment.")
    return EmbeddedServer(home, Path(lines[4]), find_binaries())


def _exit_when_told_to_end() -> None:
    """SIGTERM and SIGHUP, where nobody listens to them, end this process in order: the server is stopped then."""
    if threading.current_thread() is not threading.main_thread():
        return
    for told in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(told) is signal.SIG_DFL:
            signal.signal(told, lambda number, _frame: sys.exit(128 + number))
