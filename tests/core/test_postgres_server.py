import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.postgres.databases import Database
from app.core.postgres.errors import DatabaseInUse, DatabaseServerError, NoDatabase
from app.core.postgres.server import (
    EmbeddedServer,
    find_server,
    load_secret_key,
    start_server,
)
from tests.database import open_server

LONGEST = 60
"""Seconds that a site may take to end, beside other tests."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs the server as somebody else.")

SITE = """
import signal, sys, threading, time
from pathlib import Path
from app.core.postgres.server import start_server

# A shell lets what it runs in the background, perhaps these tests, ignore the interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

def serve():
    start_server(Path(sys.argv[1]), durable=False)
    print("started", flush=True)
    time.sleep(60)

if sys.argv[2] == "in a thread":
    threading.Thread(target=serve).start()
else:
    serve()
"""


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A folder whose parents everybody can enter: the server's account may be another than ours."""
    directory = Path(tempfile.mkdtemp(prefix="unstuck-test-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """The data directory of a stopped site, which each test leaves stopped."""
    directory = Path(tempfile.mkdtemp(prefix="unstuck-test-"))
    start_server(directory, durable=False).stop()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    directory = Path(tempfile.mkdtemp(prefix="unstuck-test-"))
    server = start_server(directory, durable=False)
    yield server
    server.stop()
    shutil.rmtree(directory)


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def read(url: str, query: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute(query).fetchall()


def start_site(data_dir: Path, how: str = "plainly") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SITE, str(data_dir), how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == "started\n"
    return process


def find_postmaster(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "The server was left running."
        time.sleep(0.02)


def remember(server: EmbeddedServer) -> None:
    with connect(server.owner_url) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 'committed' AS word")


def test_roles_are_plain_and_maintenance_alone_passes_row_level_security(server: EmbeddedServer) -> None:
    database = server.create_database("rights")
    with connect(database.owner_url) as connection:
        connection.execute("CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY, word text)")
        connection.execute("INSERT INTO note (word) VALUES ('first')")
        connection.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE note FORCE ROW LEVEL SECURITY")

    roles = read(database.app_url, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname ~ 'unstuck'")
    assert set(roles) == {
        ("unstuck_owner", False, False),
        ("unstuck_app", False, False),
        ("unstuck_maintenance", False, True),
    }
    assert read(database.app_url, "SELECT word FROM note") == []
    assert read(database.owner_url, "SELECT word FROM note") == []
    assert read(database.maintenance_url, "SELECT word FROM note") == [("first",)]
    with connect(database.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE mine (id int)")


def test_the_app_may_use_what_the_owner_makes(server: EmbeddedServer) -> None:
    with connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE used (id bigserial, word text)")
        connection.execute("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'")
    with connect(server.app_url) as connection:
        connection.execute("INSERT INTO used (word) VALUES ('a'), ('b')")
        connection.execute("UPDATE used SET word = 'c' WHERE word = 'b'")
        connection.execute("DELETE FROM used WHERE word = 'a'")
        assert connection.execute("SELECT id, word, twice(4) FROM used").fetchall() == [(2, "c", 8)]


def test_capitals_of_every_language_are_known_and_the_extensions_are_there(server: EmbeddedServer) -> None:
    assert read(server.app_url, "SELECT lower('ÅÄÖÆØÉ'), unaccent('é')") == [("åäöæøé", "e")]
    extensions = {name for (name,) in read(server.app_url, "SELECT extname FROM pg_extension")}
    assert extensions >= {"vector", "pg_trgm", "unaccent", "btree_gin"}


def test_the_server_is_reached_through_a_private_socket_only(server: EmbeddedServer) -> None:
    assert read(server.app_url, "SELECT current_setting('listen_addresses')") == [("",)]
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.home / "cluster").stat().st_mode) == 0o700


def test_a_database_is_copied_from_a_template(server: EmbeddedServer) -> None:
    template = server.create_database("template_of_tests")
    with connect(template.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    copy = server.create_database("copy_of_template", template="template_of_tests")
    assert copy == Database(server.socket_dir, "copy_of_template")
    assert read(copy.app_url, "SELECT number FROM kept") == [(1,)]
    server.drop_database("copy_of_template")
    with pytest.raises(psycopg.OperationalError):
        connect(copy.app_url)


def test_a_running_server_is_reached_and_left_running(server: EmbeddedServer) -> None:
    with open_server(server.home) as reached:
        assert not reached.is_ours
        assert reached.app_url == server.app_url
    assert read(server.app_url, "SELECT 1") == [(1,)]


def test_a_second_site_on_the_same_data_is_refused(server: EmbeddedServer) -> None:
    with pytest.raises(DatabaseInUse, match=f"Process {os.getpid()} is serving"):
        start_server(server.home)


def test_a_stopped_server_is_started_for_one_command(data_dir: Path, server: EmbeddedServer) -> None:
    with open_server(data_dir) as first:
        assert first.is_ours
        assert first.socket_dir != server.socket_dir
        remember(first)
    assert not (data_dir / "cluster" / "postmaster.pid").exists()
    with open_server(data_dir) as second:
        assert read(second.app_url, "SELECT word FROM kept") == [("committed",)]


def test_a_command_makes_a_database_only_when_told_to(empty_dir: Path) -> None:
    with pytest.raises(NoDatabase, match="start the site once"):
        find_server(empty_dir)
    assert list(empty_dir.iterdir()) == []
    with open_server(empty_dir, create=True) as server:
        assert read(server.app_url, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_the_server_ends_with_the_process_that_started_it(data_dir: Path, told: signal.Signals) -> None:
    if told is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("Only Linux tells a process of its parent's death.")
    site = start_site(data_dir)
    postmaster = find_postmaster(data_dir)
    site.send_signal(told)
    site.wait(LONGEST)
    wait_until_gone(postmaster)


def test_what_was_committed_outlives_the_death_of_every_process(data_dir: Path) -> None:
    site = start_site(data_dir)
    remember(find_server(data_dir))
    os.kill(find_postmaster(data_dir), signal.SIGKILL)
    site.kill()
    site.wait()
    server = start_server(data_dir, durable=False)
    try:
        assert read(server.app_url, "SELECT word FROM kept") == [("committed",)]
    finally:
        server.stop()


def test_a_server_without_a_master_is_stopped_and_started_anew(data_dir: Path) -> None:
    # The kernel watches the main thread only, so this server is left running.
    site = start_site(data_dir, "in a thread")
    remember(find_server(data_dir))
    orphan = find_postmaster(data_dir)
    site.kill()
    site.wait()
    server = start_server(data_dir, durable=False)
    try:
        assert find_postmaster(data_dir) != orphan
        assert read(server.app_url, "SELECT word FROM kept") == [("committed",)]
    finally:
        server.stop()


def test_a_stale_process_number_of_another_program_does_not_matter(data_dir: Path) -> None:
    pid_file = data_dir / "cluster" / "postmaster.pid"
    (data_dir / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    pid_file.write_text(f"{os.getpid()}\n{data_dir}/cluster\n1\n5432\n/nowhere\n\n0 0\nready\n")
    server = start_server(data_dir, durable=False)
    server.stop()
    assert not pid_file.exists()


def test_a_cluster_of_another_major_version_is_refused_with_a_way_out(data_dir: Path) -> None:
    (data_dir / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseServerError) as refusal:
        start_server(data_dir)
    (data_dir / "cluster" / "PG_VERSION").write_text("18\n")
    assert "made by PostgreSQL 17" in str(refusal.value)
    assert f"db backup unstuck.dump --data-dir {data_dir}\n" in str(refusal.value)
    assert f"db restore unstuck.dump --data-dir {data_dir}-18" in str(refusal.value)


def test_a_long_path_gets_a_short_socket(empty_dir: Path) -> None:
    empty_dir.chmod(0o711)
    long = empty_dir / ("a long, name & more " * 8)
    for _ in range(2):
        server = start_server(long, durable=False)
        assert len(str(server.socket_dir)) < 40
        assert read(server.app_url, "SELECT 1") == [(1,)]
        server.stop()
    server.socket_dir.rmdir()


@as_root
def test_root_runs_the_server_as_somebody_else(server: EmbeddedServer) -> None:
    owner = (server.home / "cluster").stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{find_postmaster(server.home)}").stat().st_uid == owner


@as_root
def test_a_closed_folder_points_to_a_database_elsewhere(empty_dir: Path) -> None:
    empty_dir.chmod(0o700)
    server = start_server(empty_dir / "below", durable=False)
    assert server.home != empty_dir / "below"
    remember(server)
    server.stop()
    with open_server(empty_dir / "below") as again:
        assert again.home == server.home
        assert read(again.app_url, "SELECT word FROM kept") == [("committed",)]
    shutil.rmtree(server.home)


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = load_secret_key(tmp_path)
    assert len(key) >= 32
    assert load_secret_key(tmp_path) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
