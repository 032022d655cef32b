"""Whether the process lives, whether it can serve, and what it counts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import SessionFactory
from app.core.templating import ROOT

router = APIRouter(include_in_schema=False)

WORKER_ALIVE_SECONDS = 45


@dataclass
class Readiness:
    """What must be ready before traffic comes. `model_mode` says "full", "keywords", or None while loading."""

    session_factory: SessionFactory
    migration_head: str
    model_mode: Callable[[], str | None]

    async def check(self) -> dict[str, bool]:
        try:
            async with self.session_factory() as session:
                version = await session.scalar(text("SELECT version_num FROM alembic_version"))
                worker = await session.scalar(
                    text(
                        "SELECT EXISTS (SELECT FROM procrastinate_workers"
                        " WHERE last_heartbeat > now() - make_interval(secs => :seconds))"
                    ),
                    {"seconds": WORKER_ALIVE_SECONDS},
                )
        except (SQLAlchemyError, OSError):
            return {"database": False, "migrations": False, "worker": False, "model": False}
        return {
            "database": True,
            "migrations": version == self.migration_head,
            "worker": bool(worker),
            "model": self.model_mode() is not None,
        }


@cache
def read_migration_head() -> str:
    """The newest migration this code knows; every migration is read for it."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head() or ""


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    readiness: Readiness = request.app.state.readiness
    checks = await readiness.check()
    ready = all(checks.values())
    body = {"status": "ready" if ready else "starting", "mode": readiness.model_mode(), "checks": checks}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    for measure in request.app.state.measures:
        await measure()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
