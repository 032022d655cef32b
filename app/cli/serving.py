"""The processes of a site: the web server, and the worker where it runs apart."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
from functools import partial

import typer
import uvicorn
from fastapi import FastAPI

from app.cli.site import CommandError, Site
from app.cli.welcome import describe_site
from app.core.db import create_engine, create_session_factory
from app.core.jobs import JobEnvironment
from app.embeddings.slot import ModelSlot
from app.main import UnsafeProduction, create_app, refuse_unsafe_production
from app.similar.jobs import load_model
from app.worker import run_worker

GRACE_SECONDS = 10
MALLOC_OPTIONS = {-8: 2, -3: 262_144, -1: 262_144}
"""M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h."""
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def keep_memory_small() -> None:
    """Tell glibc to keep two heaps instead of one a thread, and to give large blocks back when they are freed."""
    with contextlib.suppress(OSError, AttributeError):
        allocator = ctypes.CDLL(None)
        for option, value in MALLOC_OPTIONS.items():
            allocator.mallopt(option, value)


def list_cores() -> list[int]:
    """The cores of this process, where there are several and the system lets it choose.

    The encoder has the last one, an embedded database the others: both work in short bursts, and Linux would leave
    them on one core while another has nothing to do.
    """
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    return cores if len(cores) > 1 else []


class Server(uvicorn.Server):
    """Ends the streams of open pages before it waits for what is under way."""

    def __init__(self, config: uvicorn.Config, web: FastAPI) -> None:
        super().__init__(config)
        self.web = web

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.web.state.live.end()
        await super().shutdown(sockets)


def run_web(site: Site, listener: socket.socket) -> None:
    """Serve until told to end; requests under way are finished first. An embedded site works off its jobs, too."""
    keep_memory_small()
    try:
        site.run(partial(refuse_unsafe_production, site.settings))
    except UnsafeProduction as error:
        raise CommandError(str(error)) from error
    work = partial(run_worker, conninfo=site.plain_url) if site.server else None
    cores = list_cores() if site.server else []
    if site.server and cores:
        site.server.keep_to(cores[:-1])
    web = create_app(site.settings, model_dir=site.model_dir, run_worker=work)
    config = uvicorn.Config(
        web, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    server = Server(config, web)

    async def announce() -> None:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
            await asyncio.sleep(0.05)
        typer.echo(await describe_site(web.state.session_factory, site.settings))
        while web.state.model_slot.mode is None:  # noqa: ASYNC110 - nor has the slot.
            await asyncio.sleep(0.05)
        web.state.model_slot.keep_to(cores[-1:])
        # What is loaded now stays, and requests need not wait while it is searched for garbage.
        gc.collect()
        gc.freeze()
        gc.enable()

    async def serve() -> None:
        announcing = asyncio.create_task(announce())
        # uvicorn's way to say that it could not start.
        with contextlib.suppress(SystemExit):
            await server.serve(sockets=[listener])
        announcing.cancel()

    for told in ENDS:
        if signal.getsignal(told) is not signal.SIG_IGN:  # Under nohup the terminal may go.
            signal.signal(told, server.handle_exit)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())
    if not server.started:
        raise CommandError("The site did not start.")


async def work_off_jobs(site: Site) -> None:
    """Run the worker until told to end; a job under way is given time to finish."""
    engine = create_engine(site.settings.database_url)
    slot = ModelSlot(site.settings.model or site.model_dir, site.settings.previous_model)
    factory = create_session_factory(engine)
    environment = JobEnvironment(factory, {ModelSlot: slot, type(site.settings): site.settings})
    loading = asyncio.create_task(load_model(factory, slot))
    working = asyncio.ensure_future(run_worker(environment, site.plain_url))
    for told in ENDS:
        asyncio.get_running_loop().add_signal_handler(told, working.cancel)
    typer.echo("The worker is ready (Ctrl-C stops it)", err=True)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await working
    finally:
        loading.cancel()
        await slot.aclose()
        await engine.dispose()
