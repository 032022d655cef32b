"""The worker's part, run at once."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.db import SessionFactory
from app.core.jobs import JobEnvironment
from app.similar.jobs import index_case
from app.worker import FOLLOWERS

WorkOff = Callable[[], Awaitable[None]]


@pytest.fixture
def environment(session_factory: SessionFactory, settings: Settings) -> JobEnvironment:
    return JobEnvironment(session_factory, {Settings: settings})


@pytest.fixture
def work_off(session: AsyncSession, environment: JobEnvironment) -> WorkOff:
    """Do what the worker would, twice as it may happen, besides reading cases for search."""

    async def work_off() -> None:
        while jobs := (
            await session.execute(text("DELETE FROM procrastinate_jobs RETURNING id, task_name, args"))
        ).all():
            for job in sorted(jobs):
                for follower in FOLLOWERS[job.task_name]:
                    if follower is not index_case:
                        await follower(environment, **job.args)
                        await follower(environment, **job.args)

    return work_off
