"""Where a site's database lies: in its data directory, unless the server's account cannot get there."""

import os
import re
import secrets
import tempfile
from pathlib import Path

from app.core.postgres.account import SERVICE_HOME, Account
from app.core.postgres.errors import DatabaseServerError

CLUSTER = "cluster"
POINTER = "cluster_location"
OWN_ENTRIES = frozenset(
    {CLUSTER, POINTER, "cluster.partial", "clusters", "lock", "models", "postgres.log", "run", "secret_key"}
)

LONGEST_SOCKET_DIRECTORY = 88
"""A socket's whole path may have 103 bytes on macOS and 107 on Linux; its file name takes 15."""


def default_data_dir() -> Path:
    """The service user's own folder for root, or else `~/.local/share/unstuck` (XDG_DATA_HOME)."""
    if os.geteuid() == 0:
        return SERVICE_HOME
    data_home = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share") / "unstuck"


def find_home(data_dir: Path) -> Path:
    """The directory that holds the database of this data directory, made already or not."""
    pointer = data_dir / POINTER
    return Path(pointer.read_text().strip()) if pointer.exists() else data_dir


def make_home(data_dir: Path, account: Account) -> Path:
    """Make the directory that holds the database; `account` can enter it.

    Where a folder above the data directory is closed to the account, the database lies in the service user's
    own folder, and a file in the data directory points to it.
    """
    _make_directories(data_dir, account)
    home = find_home(data_dir)
    if home != data_dir:
        _make_directories(home, account)
    if account.can_enter(home):
        return home
    if (home / CLUSTER).exists():
        raise DatabaseServerError(
            f"The user {account.name}, who runs the database, cannot enter {home}: a folder above it is closed "
            f"to him. Open it (`chmod o+x`), or move {data_dir} to a place that he can reach."
        )
    home = SERVICE_HOME / "clusters" / f"{data_dir.name}-{secrets.token_hex(4)}"
    _make_directories(home, account)
    if not account.can_enter(home):
        raise DatabaseServerError(f"The user {account.name}, who runs the database, cannot enter {home}.")
    (data_dir / POINTER).write_text(f"{home}\n")
    return home


def _make_directories(directory: Path, account: Account) -> None:
    """Make a directory and what is missing above it. Made by root they can be passed through, not listed."""
    mode = 0o711 if account.switch else 0o700
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(mode)
    holds_only_ours = not missing and all(_is_ours(entry) for entry in directory.iterdir())
    if account.switch and holds_only_ours:
        directory.chmod(directory.stat().st_mode | 0o011)


def _is_ours(entry: Path) -> bool:
    return entry.name in OWN_ENTRIES or entry.name.startswith("postgres-")


def make_socket_directory(home: Path, account: Account) -> Path:
    """A directory for the server's socket, closed to everybody else: `run`, or a short one that `run` links to.

    PostgreSQL's settings split a list of directories at commas, and URLs have signs of their own, so that
    anything but plain signs in the path leads to the short one too.
    """
    run = home / "run"
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", str(run)) is not None
    if plain and len(os.fsencode(run)) <= LONGEST_SOCKET_DIRECTORY:
        account.make_private_directory(run)
        return run
    if run.is_symlink() and _belongs_to(run, account):
        return run.readlink()
    run.unlink(missing_ok=True)
    short = Path(tempfile.mkdtemp(prefix="unstuck-", dir="/tmp"))
    account.make_private_directory(short)
    run.symlink_to(short)
    return short


def _belongs_to(directory: Path, account: Account) -> bool:
    """Whether a link still leads to a directory of this account: another could have taken its name in /tmp."""
    target = directory.readlink()
    if not target.is_dir() or target.is_symlink():
        return False
    state = target.stat()
    return state.st_uid == account.uid and state.st_mode & 0o077 == 0
