"""The site as people meet it: a server on loopback, the worker, the real model, the demo, a real browser."""

import asyncio
import os
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.core.config import Settings
from app.core.db import create_engine, create_session_factory
from app.core.postgres.databases import Database
from app.core.tenancy import enter_organisation
from app.demo.content import PASSWORD
from app.demo.loader import seed_demo
from app.main import create_app
from app.worker import run_worker
from tests.conftest import SECRET_KEY
from tests.database import copy_template, drop_database

DESKTOP = (1440, 900)
PHONE = (360, 740)
READY_SECONDS = 180
PATIENCE = 20_000
"""Milliseconds: the other tests run beside the journeys."""
ARTIFACTS = os.environ.get("UNSTUCK_TEST_SCREENSHOTS")


@dataclass(frozen=True)
class Site:
    url: str
    database: Database


async def _seed(database: Database) -> None:
    engine = create_engine(database.app_url)
    await seed_demo(create_session_factory(engine))
    await engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} was not ready in {READY_SECONDS} s")


@pytest.fixture(scope="session")
def site(server_address: Database, model_dir: Path) -> Iterator[Site]:
    """The demo organisation, served with everything that is served in earnest."""
    database = copy_template(server_address, f"site_{uuid4().hex[:12]}")
    asyncio.run(_seed(database))
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    settings = Settings(DATABASE_URL=database.app_url, secret_key=SECRET_KEY, base_url=url, embedded=True)
    conninfo = database.app_url.replace("+psycopg", "")
    app = create_app(settings, model_dir=model_dir, run_worker=partial(run_worker, conninfo=conninfo))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait_until_ready(url)
    yield Site(url, database)
    server.should_exit = True
    thread.join(timeout=30)
    drop_database(database)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or "/usr/bin/chromium"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    async with async_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = await playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def session(site: Site) -> AsyncIterator[AsyncSession]:
    """Inside the demo organisation."""
    engine = create_engine(site.database.app_url)
    async with create_session_factory(engine)() as session:
        organisation = (await session.scalars(select(Organisation).where(Organisation.is_demo))).one()
        await enter_organisation(session, organisation.id)
        yield session
    await engine.dispose()


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_page(site: Site, browser: Browser) -> AsyncIterator[OpenPage]:
    """A tab of its own: `open_page("kari", size=PHONE, theme="dark", language="nb", javascript=False)`."""
    async with AsyncExitStack() as stack:

        async def open_page(
            key: str | None = None,
            *,
            size: tuple[int, int] = DESKTOP,
            theme: str = "light",
            language: str = "en",
            javascript: bool = True,
        ) -> Page:
            context = await browser.new_context(
                base_url=site.url,
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if theme == "dark" else "light",
                locale={"nb": "nb-NO", "sv": "sv-SE", "en": "en-GB"}[language],
                java_script_enabled=javascript,
            )
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE)
            if key is not None:
                await sign_in(page, key)
            return page

        yield open_page


async def sign_in(page: Page, key: str) -> None:
    """Sign in by the form, as a person of the demo."""
    await page.goto("/sign-in")
    await page.locator("[name=email]").fill(f"{key}@nordavind.example")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("main form [type=submit]").first.click()
    await page.wait_for_url("**/")


async def come_to_rest(page: Page) -> None:
    """Until nothing is being fetched: two frames show what comes into view, and that asks for its parts.

    A quiet network tells nothing, as the stream of news never ends.
    """
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await expect(page.locator(".htmx-request:not(.rail-unread)")).to_have_count(0)


async def take_picture(page: Page, name: str) -> None:
    """A screenshot into the folder UNSTUCK_TEST_SCREENSHOTS names, if it names one."""
    if ARTIFACTS:
        await page.screenshot(path=Path(ARTIFACTS) / f"{name}.png", full_page=True)
