"""The web application: wiring only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from starlette.middleware.gzip import GZipMiddleware

from app.accounts import api as accounts_api
from app.accounts import pages as accounts_pages
from app.accounts import queries as accounts_queries
from app.audit import api as audit_api
from app.audit import pages as audit_pages
from app.cases import api as cases_api
from app.cases import pages as cases_pages
from app.cases import service as cases_service
from app.cases.attachments.schemas import UPLOAD_LIMIT
from app.comments import api as comments_api
from app.comments import pages as comments_pages
from app.core import design, health, installing
from app.core.config import Settings
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.error_pages import install_error_handlers
from app.core.i18n import N_
from app.core.jobs import JobEnvironment, RunWorker
from app.core.logging import configure_logging
from app.core.middleware import BodyLimit, Requests
from app.core.openapi import describe_api
from app.core.security import SecurityHeaders
from app.core.templating import STATIC, NavigationItem
from app.embeddings.slot import ModelSlot
from app.exports import api as exports_api
from app.exports import pages as exports_pages
from app.feed import api as feed_api
from app.feed import pages as feed_pages
from app.imports import pages as imports_pages
from app.links import api as links_api
from app.links import pages as links_pages
from app.notifications import api as notifications_api
from app.notifications import pages as notifications_pages
from app.notifications import queries as notifications_queries
from app.notifications.live import Live
from app.notifications.mailing import pages as mailing_pages
from app.practices import api as practices_api
from app.practices import pages as practices_pages
from app.revisions import api as revisions_api
from app.revisions import pages as revisions_pages
from app.similar import admin_pages as similar_admin_pages
from app.similar import api as similar_api
from app.similar import jobs as similar_jobs
from app.similar import pages as similar_pages
from app.similar.measuring import BuildMeasure

NAVIGATION = (
    NavigationItem("home", N_("Home"), "home"),
    NavigationItem("list_cases", N_("Cases"), "cases"),
    NavigationItem("list_practices", N_("Practices"), "practices"),
    NavigationItem("search", N_("Search"), "search"),
    NavigationItem("list_people", N_("Admin"), "admin", frozenset({"admin"})),
)

ROUTERS = (
    health.router,
    installing.router,
    feed_pages.router,
    cases_pages.router,
    practices_pages.router,
    comments_pages.router,
    similar_pages.router,
    similar_admin_pages.router,
    audit_pages.router,
    revisions_pages.router,
    exports_pages.router,
    imports_pages.router,
    links_pages.router,
    notifications_pages.router,
    mailing_pages.router,
    accounts_pages.router,
    accounts_api.router,
    cases_api.router,
    practices_api.router,
    comments_api.router,
    similar_api.router,
    feed_api.router,
    links_api.router,
    notifications_api.router,
    audit_api.router,
    revisions_api.router,
    exports_api.router,
)
"""Pages before the API: a link is made by the first route of its name."""


class UnsafeProduction(RuntimeError):
    """The site must not start in production like this."""


def create_app(settings: Settings, *, model_dir: Path | None = None, run_worker: RunWorker | None = None) -> FastAPI:
    """The application for these settings. Given `run_worker`, this process works off the jobs as well."""
    configure_logging(settings.log_format)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_engine(settings.database_url)
        factory = create_session_factory(engine)
        await refuse_unsafe_production(settings, factory)
        slot = ModelSlot(settings.model or model_dir, settings.previous_model)
        attach(app, settings, factory, slot)
        live: Live = app.state.live
        background = [
            asyncio.create_task(similar_jobs.load_model(factory, slot)),
            asyncio.create_task(live.listen()),
        ]
        if run_worker is not None:
            environment = JobEnvironment(factory, {ModelSlot: slot, Settings: settings})
            background.append(asyncio.ensure_future(run_worker(environment)))
        yield
        for task in reversed(background):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await slot.aclose()
        await engine.dispose()

    app = FastAPI(
        title="Unstuck",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    if settings.env == "demo":
        app.include_router(design.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.state.navigation = NAVIGATION
    describe_api(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, larger={"/attachments": UPLOAD_LIMIT})
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SecurityHeaders, secure=settings.secure_cookies)
    app.add_middleware(Requests)
    return app


def attach(app: FastAPI, settings: Settings, factory: SessionFactory, slot: ModelSlot) -> None:
    """Hand the application what its requests work with."""
    app.state.settings = settings
    app.state.session_factory = factory
    app.state.model_slot = slot
    app.state.live = Live(settings.plain_database_url)
    app.state.count_unread = notifications_queries.count_unread
    app.state.prepare_organisation = cases_service.prepare_organisation
    app.state.hand_over_cases = cases_service.hand_over_cases
    app.state.readiness = health.Readiness(factory, health.read_migration_head(), lambda: slot.mode)
    app.state.measures = [BuildMeasure(factory, slot)]


async def refuse_unsafe_production(settings: Settings, factory: SessionFactory) -> None:
    """Raise UnsafeProduction on demo sign-ins or a database role that row-level security does not bind."""
    if settings.env != "production":
        return
    async with factory() as session:
        unbound = await session.scalar(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        )
        demo = await accounts_queries.has_demo_organisation(session)
    if unbound:
        raise UnsafeProduction("DATABASE_URL names a superuser or a role with BYPASSRLS: use the app's plain role.")
    if demo:
        raise UnsafeProduction("The database holds the demo organisation with its public passwords: use another one.")
