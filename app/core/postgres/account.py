"""The operating-system account that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.postgres.errors import DatabaseServerError

SERVICE_USER = "unstuck"
SERVICE_HOME = Path("/var/lib/unstuck")


@dataclass(frozen=True)
class Account:
    """Who runs the server's programs. `switch` is true when root has to become somebody else for it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that run a PostgreSQL program as this account."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        options: dict[str, Any] = {"env": clean | {"LC_ALL": "C"}, "cwd": "/", "stdin": subprocess.DEVNULL}
        if self.switch:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with its output as text. It is for the caller to look at the exit code."""
        return subprocess.run(  # noqa: S603 - the programs are PostgreSQL's own and the shell's `test`.
            [str(part) for part in command], capture_output=True, text=True, check=False, **self.process_options()
        )

    def can_enter(self, directory: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).returncode == 0

    def make_private_directory(self, directory: Path) -> None:
        """Make a directory that only this account and root can enter."""
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
        if self.switch:
            os.chown(directory, self.uid, self.gid)


def choose_account(cluster: Path) -> Account:
    """Ourselves; for root, whoever owns the cluster, or the service user when there is none yet."""
    if os.geteuid() != 0:
        return Account(name=_name_of(os.geteuid()), uid=os.geteuid(), gid=os.getegid(), switch=False)
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid, switch=True)
    entry = _find_service_user()
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)


def _name_of(uid: int) -> str:
    """The account's name, or its number in a container that has no entry for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _find_service_user() -> pwd.struct_passwd:
    """The user `unstuck`, made when the system lets us, or else `nobody`."""
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        _create_service_user()
    for name in (SERVICE_USER, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseServerError(
        "PostgreSQL does not run as root, and there is no other user to run it as: "
        f"create one with `useradd --system {SERVICE_USER}`, or start the site as an ordinary user."
    )


def _create_service_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return
    subprocess.run(  # noqa: S603 - a fixed command; where it fails, `nobody` serves.
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            f"--home-dir={SERVICE_HOME}",
            "--shell=/usr/sbin/nologin",
            SERVICE_USER,
        ],
        capture_output=True,
        check=False,
    )
