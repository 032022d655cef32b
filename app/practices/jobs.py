"""What follows when a plan is based on a practice."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import or_, select

from app.accounts.models import TeamMember
from app.accounts.stand_ins import find_person_id
from app.cases.models import Case
from app.cases.workflow import State
from app.core.jobs import JobEnvironment
from app.core.tenancy import organisation_session
from app.practices import service
from app.practices.models import Audience, Practice


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
    """Keep that somebody who may see the practice is trying it on a case, until they say how it went."""
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        person_id = await find_person_id(session, UUID(user_id))
        teams = select(TeamMember.team_id).where(TeamMember.user_id == person_id)
        practice = await session.scalar(
            select(Practice)
            .join(Practice.case)
            .where(
                Practice.id == UUID(practice_id),
                Case.state == State.SHARED,
                or_(Practice.audience == Audience.EVERYONE, Practice.team_id.in_(teams)),
            )
            .with_for_update(of=Practice)
        )
        if practice is None or await find_person_id(session, practice.solver_id) == person_id:
            return
        await service.record_use(session, practice, None, UUID(user_id), datetime.now(UTC), case_id=UUID(case_id))
