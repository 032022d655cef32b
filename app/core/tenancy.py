"""Which organisation a transaction works for. PostgreSQL's row-level security does the rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, String, cast, func, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import SessionFactory


async def enter_organisation(session: AsyncSession, organisation_id: UUID) -> None:
    """Let this transaction see and write the rows of one organisation, and of no other."""
    await session.execute(
        text("SELECT set_config('unstuck.organisation', :organisation, true)"),
        {"organisation": str(organisation_id)},
    )


def entered(organisation_id: SQLColumnExpression[UUID]) -> ColumnElement[str]:
    """As a column of a select that finds one row: lets this transaction see the organisation of that row."""
    return func.set_config("unstuck.organisation", cast(organisation_id, String), True)


@asynccontextmanager
async def organisation_session(factory: SessionFactory, organisation_id: UUID) -> AsyncIterator[AsyncSession]:
    """A transaction of its own inside one organisation, for jobs and for what must outlive a refusal."""
    async with factory() as session, session.begin():
        await enter_organisation(session, organisation_id)
        yield session
