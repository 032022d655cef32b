"""What follows when a plan is based on a practice."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from app.core.jobs import JobEnvironment
from app.core.tenancy import organisation_session
from app.practices import service
from app.practices.models import Practice


async def count_as_tried(
    environment: JobEnvironment,
    /,
    *,
    organisation_id: str,
    practice_id: str,
    user_id: str,
    case_id: str,
    **_rest: str,
) -> None:
    """Keep that somebody is trying the practice on a case, until they say how it went."""
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        locked = select(Practice).where(Practice.id == UUID(practice_id)).with_for_update()
        practice = await session.scalar(locked)
        if practice is None or practice.solver_id == UUID(user_id):
            return
        await service.record_use(session, practice, None, UUID(user_id), datetime.now(UTC), case_id=UUID(case_id))
