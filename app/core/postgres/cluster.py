"""One PostgreSQL data directory: made, started and stopped. It knows nothing of roles or databases."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core.postgres.account import Account
from app.core.postgres.binaries import read_major_version
from app.core.postgres.errors import DatabaseServerError
from app.core.postgres.memory import choose_memory_settings, read_memory

SUPERUSER = "postgres"
START_SECONDS = 120
STOP_SECONDS = 60
POLL_SECONDS = 0.02
LONGEST_LOG_BYTES = 10_000_000

SETTINGS = """\
# Written at every start. What stands below the include line in postgresql.conf wins over it.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 100
# Each of many readers sorts little. Vectors lie in memory, where no order of reading is dearer than another.
work_mem = 16MB
random_page_cost = 1.1
jit = off
# Few processors serve many readers; and parallel work needs more shared memory than a container has.
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
# Nothing replicates from here.
wal_level = minimal
max_wal_senders = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_line_prefix = '%m [%p] '
"""
FORGETFUL_SETTINGS = """\
# For tests: a crash of the machine may lose everything.
fsync = off
full_page_writes = off
shared_buffers = 64MB
"""

_C_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass
class Cluster:
    """A cluster in `home`, run by `account` with the programs in `binaries`. Its lock is the caller's matter."""

    home: Path
    account: Account
    binaries: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def create(self, *, durable: bool) -> None:
        """Make the cluster, whole or not at all. C.UTF-8 knows the capitals of every language."""
        partial = self.home / "cluster.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self.account.make_private_directory(partial)
        command: list[str | Path] = [
            self.binaries / "initdb",
            f"--pgdata={partial}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--auth-local=trust",
            "--auth-host=reject",
        ]
        result = self.account.run(command if durable else [*command, "--no-sync"])
        if result.returncode != 0:
            raise DatabaseServerError(f"The database could not be created in {self.home}:\n{result.stderr.strip()}")
        with (partial / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude_if_exists = 'unstuck.conf'\n# Settings below this line win over it.\n")
        partial.rename(self.directory)

    def check_version(self, data_dir: Path) -> None:
        """Refuse a cluster of another major version, and say how to bring it over."""
        made_by = (self.directory / "PG_VERSION").read_text().strip()
        ours = read_major_version(self.binaries)
        if made_by == str(ours):
            return
        raise DatabaseServerError(
            f"The database in {data_dir} was made by PostgreSQL {made_by}, and this program carries "
            f"PostgreSQL {ours}. Dump it with the programs of PostgreSQL {made_by} (pgvector among them), then "
            "restore it into a new data directory:\n"
            f"  UNSTUCK_PG_BIN=/usr/lib/postgresql/{made_by}/bin "
            f".venv/bin/python -m app db backup unstuck.dump --data-dir {data_dir}\n"
            f"  .venv/bin/python -m app db restore unstuck.dump --data-dir {data_dir}-{ours}"
        )

    def start(self, socket_dir: Path, *, durable: bool) -> None:
        """Start the server and return once it answers. A server left over from before is stopped first."""
        self.stop()
        # Files of a killed server carry a process number that may belong to something else by now, and then
        # PostgreSQL would refuse to start. Its own check of shared memory still keeps two servers apart.
        for stale in (self.directory / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        settings = f"{SETTINGS}{choose_memory_settings(read_memory())}\n" + ("" if durable else FORGETFUL_SETTINGS)
        (self.directory / "unstuck.conf").write_text(f"{settings}unix_socket_directories = '{socket_dir}'\n")
        (self.directory / "unstuck.conf").chmod(0o644)
        deadline = time.monotonic() + START_SECONDS
        while not self._try_to_start(deadline):
            time.sleep(0.5)

    def _try_to_start(self, deadline: float) -> bool:
        """False when it is worth another try: processes of a killed server may still be on their way out."""
        with self._open_log() as log:
            begin = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program.
                [self.binaries / "postgres", "-D", self.directory],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we stop the server when the site has stopped.
                preexec_fn=self._end_with_us(),  # noqa: PLW1509 - it makes one system call and takes no lock.
                **self.account.process_options(),
            )
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self.is_ready():
                return True
            time.sleep(POLL_SECONDS)
        said = self.log.read_bytes()[begin:].decode(errors="replace").strip()
        if self._process.poll() is not None and "is still in use" in said and time.monotonic() < deadline:
            return False
        self.stop()
        raise DatabaseServerError(f"PostgreSQL did not start. Its log, {self.log}, ends:\n{said[-2000:]}")

    def _open_log(self) -> IO[bytes]:
        """The server's log, begun anew when it has grown long."""
        long = self.log.exists() and self.log.stat().st_size > LONGEST_LOG_BYTES
        log = self.log.open("wb" if long else "ab")
        self.log.chmod(0o600)
        return log

    @staticmethod
    def _end_with_us() -> Callable[[], object] | None:
        """On Linux the server stops when we are killed. The kernel watches the thread that started it: only
        the main thread lives as long as the process.
        """
        if _C_LIBRARY is None or threading.current_thread() is not threading.main_thread():
            return None
        prctl = _C_LIBRARY.prctl
        return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGINT)

    def is_ready(self) -> bool:
        return read_postmaster(self.directory)[7:8] == ["ready"] and self.find_postmaster() is not None

    def find_postmaster(self) -> int | None:
        """The process id of this cluster's server. A number in a stale file may be another program's by now."""
        lines = read_postmaster(self.directory)
        pid = int(lines[0]) if lines and lines[0].isdigit() else 0
        return pid if pid and _is_server(pid, self.directory) else None

    def stop(self) -> None:
        """Stop the server and wait for its end: politely, then at once."""
        for end in (signal.SIGINT, signal.SIGQUIT):
            started = self._process is not None and self._process.poll() is None
            pid = self._process.pid if self._process and started else self.find_postmaster()
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, end)
            if self._has_ended(pid):
                break
        self._process = None

    def _has_ended(self, pid: int) -> bool:
        """Wait for the end of a server that was told to stop; false when it takes too long."""
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None:
                self._process.poll()
            if not _is_server(pid, self.directory):
                return True
            time.sleep(POLL_SECONDS)
        return False


def read_postmaster(cluster: Path) -> list[str]:
    """The lines of postmaster.pid: process id, directory, start, port, socket directory, …, status."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _is_server(pid: int, directory: Path) -> bool:
    """Whether this process is a PostgreSQL server of this directory. A dead one has no command line."""
    if sys.platform != "linux":
        listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        return listed.stdout.strip().endswith(f"postgres -D {directory}")
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return False
    if "postgres" not in arguments[0]:
        return False
    if str(directory) in arguments:
        return True
    # The folder may have been moved under a running server, which works in it.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").samefile(directory)
    return False
