import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app.accounts.service import create_organisation
from app.cli.commands import commands, main
from app.cli.site import open_site
from app.core.db import SessionFactory
from tests.database import open_server

ROOT = Path(__file__).parent.parent
ORGANISATIONS = "SELECT name, slug FROM organisations"
POLICIES = "SELECT tablename, policyname, qual FROM pg_policies ORDER BY 1, 2"
TABLES = """
    SELECT relname, relowner::regrole::text, relacl::text, relforcerowsecurity
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    ORDER BY relname
"""


def run(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], input=typed)


async def found(factory: SessionFactory) -> None:
    async with factory() as session, session.begin():
        assert isinstance(session, AsyncSession)
        await create_organisation(session, "Fjellheim", "fjellheim")


@pytest.fixture(scope="module", autouse=True)
def embedded() -> Iterator[None]:
    """Commands that work on the database of a data directory, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "UNSTUCK_OWNER_DATABASE_URL", "UNSTUCK_DATA_DIR"):
            patch.delenv(name, raising=False)
        patch.setenv("UNSTUCK_MODEL", "/no/model")
        yield


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder whose parents the server's account can enter."""
    directory = Path(tempfile.mkdtemp(prefix="unstuck-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def data_dir(scratch: Path) -> Path:
    """A stopped site with one organisation."""
    directory = scratch / "site"
    with open_site(directory, create=True) as site:
        site.migrate()
        site.run(found)
    return directory


def read(data_dir: Path, query: str) -> list[tuple[object, ...]]:
    with open_server(data_dir) as server, psycopg.connect(server.maintenance_url.replace("+psycopg", "")) as connection:
        return connection.execute(query).fetchall()


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "app", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, app.cli.commands; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    heavy = {"fastapi", "sqlalchemy", "psycopg", "numpy", "torch", "pydantic"}
    assert not heavy & set(loaded.stdout.split())


def test_a_key_is_printed_alone(data_dir: Path) -> None:
    made = run(
        "key", "create", "--organisation", "fjellheim", "--scopes", "cases:read,cases:write", "--data-dir", data_dir
    )
    assert made.exit_code == 0
    assert made.stdout.strip().startswith("unstuck_")
    assert len(made.stdout.splitlines()) == 1
    assert read(data_dir, "SELECT scopes FROM api_keys") == [(["cases:read", "cases:write"],)]


def test_a_user_is_made_and_the_password_asked_for(data_dir: Path) -> None:
    person = ["--organisation", "fjellheim", "--name", "Per Fjell", "--role", "admin", "--data-dir", str(data_dir)]
    made = run("user", "create", "Per@Fjellheim.example", *person, typed="a long password\n")
    assert made.exit_code == 0, made.output
    query = "SELECT i.email, u.name, u.role FROM users u JOIN identities i ON i.id = u.identity_id"
    assert read(data_dir, query) == [("per@fjellheim.example", "Per Fjell", "admin")]


def test_the_models_of_each_organisation_are_told(data_dir: Path) -> None:
    with open_server(data_dir) as server, psycopg.connect(server.maintenance_url.replace("+psycopg", "")) as connection:
        connection.execute(
            "INSERT INTO generations (organisation_id, id, model, in_use)"
            " SELECT id, gen_random_uuid(), 'small@1', true FROM organisations"
        )
    told = run("model", "status", "--data-dir", data_dir)
    assert told.exit_code == 0, told.output
    assert told.stdout == "fjellheim: small@1, in use, 0 of 0 cases read\n"


def test_a_command_tells_what_is_wrong_in_a_sentence(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["key", "create", "--organisation", "x", "--scopes", "x", "--data-dir", f"{scratch}/nowhere"]
    monkeypatch.setattr(sys, "argv", ["app", *command])
    with pytest.raises(SystemExit) as end:
        main()
    output, errors = capsys.readouterr()
    assert (end.value.code, output) == (1, "")
    assert errors == f"There is no database in {scratch}/nowhere: start the site once, or give --data-dir.\n"
    assert not (scratch / "nowhere").exists()


def test_a_copy_is_restored_with_rows_rights_and_policies(data_dir: Path, scratch: Path) -> None:
    copy = scratch / "unstuck.dump"
    assert run("db", "backup", copy, "--data-dir", data_dir).exit_code == 0
    assert copy.stat().st_mode & 0o777 == 0o600

    refused = run("db", "restore", copy, "--data-dir", data_dir)
    assert "not empty" in str(refused.exception)

    other = scratch / "other"
    for options in ([], ["--replace"]):
        assert run("db", "restore", copy, "--data-dir", other, *options).exit_code == 0
    for query in (ORGANISATIONS, POLICIES, TABLES):
        assert read(other, query) == read(data_dir, query) != []


def test_a_broken_copy_leaves_the_database_as_it_was(data_dir: Path, scratch: Path) -> None:
    broken = scratch / "broken.dump"
    broken.write_bytes(b"PGDMP and then nothing")
    failed = run("db", "restore", broken, "--data-dir", data_dir, "--replace")
    assert "pg_restore failed" in str(failed.exception)
    assert read(data_dir, "SELECT slug FROM organisations") == [("fjellheim",)]


def test_a_taken_port_ends_the_start_at_once(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = run("serve", "--port", str(port), "--data-dir", scratch / "unused")
    assert failed.exit_code == 1
    assert f"port {port}" in failed.stderr
    assert not (scratch / "unused").exists()


def test_the_site_serves_and_stops_with_its_database(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = start("serve", "--empty", "--port", str(port), "--data-dir", data_dir)
    assert site.stdout is not None
    assert site.stdout.readline() == "\n"
    assert site.stdout.readline() == f"Unstuck is ready at http://127.0.0.1:{port} (Ctrl-C stops it)\n"
    with urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
    assert read(data_dir, "SELECT slug FROM organisations") == [("fjellheim",)]

    second = run("serve", "--port", "0", "--data-dir", data_dir)
    assert f"Process {site.pid} is serving" in str(second.exception)

    site.send_signal(signal.SIGTERM)
    site.communicate(timeout=90)  # The model's libraries may be loading, which cannot be broken off.
    assert site.returncode == 0
    assert not (data_dir / "cluster" / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"UNSTUCK_SECRET_KEY": "s" * 32}, "DATABASE_URL is missing: "),
        ({"DATABASE_URL": "postgresql+psycopg:///unstuck"}, "UNSTUCK_SECRET_KEY is missing or shorter than 32 "),
    ],
)
def test_production_is_refused_what_only_a_demo_may_lack(
    scratch: Path,
    settings: dict[str, str],
    refusal: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in ({"UNSTUCK_ENV": "production"} | settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["unstuck", "serve", "--port", "0", "--data-dir", str(scratch / "production")])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert told.startswith(refusal)
    assert len(told.splitlines()) == 1
    assert not (scratch / "production").exists()
