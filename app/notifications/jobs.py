"""What the worker does so that people hear of things."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.jobs import organisation_sessions
from app.accounts.models import User
from app.cases.models import Case
from app.cases.workflow import State
from app.core.jobs import JobEnvironment
from app.core.tenancy import organisation_session
from app.notifications import service
from app.notifications.models import KEPT, Kind

TOLD: Mapping[str, Sequence[Kind]] = {
    "case.post": [Kind.CASE_POSTED],
    "question.asked": [Kind.QUESTION],
    "question.asked_of_solver": [Kind.SOLVER_ASKED],
    "question.answered": [Kind.ANSWER],
    "hat.asked": [Kind.HAT_ASKED],
    "hat.accepted": [Kind.HAT_ANSWERED],
    "hat.declined": [Kind.HAT_ANSWERED],
    "plan.proposed": [Kind.PLAN_PROPOSED],
    "plan.based_on_case": [Kind.CASE_USED],
    "case.choose": [Kind.PLAN_CHOSEN],
    "case.resolve": [Kind.CASE_RESOLVED],
    "case.share": [Kind.CASE_SHARED],
    "case.reopen": [Kind.CASE_REOPENED],
    "practice.used": [Kind.PRACTICE_USED],
    "practice.changed": [Kind.PRACTICE_CHANGED],
    "practice.flagged": [Kind.PRACTICE_FLAGGED],
    "comment.written": [Kind.MENTION, Kind.COMMENT],
    "comment.changed": [Kind.MENTION],
}
"""What is told, by what was done."""


async def tell_people(
    environment: JobEnvironment,
    /,
    *,
    organisation_id: str,
    case_id: str,
    practice_id: str = "",
    action: str = "",
    subject_id: str = "",
    by_id: str = "",
    at: str = "",
    **_rest: str,
) -> None:
    """Tell those whom it concerns what somebody did, where it is something to tell."""
    kinds = TOLD.get(action)
    if kinds is None:
        return
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        for kind in kinds:
            await service.tell(
                session,
                kind,
                UUID(subject_id),
                datetime.fromisoformat(at),
                case_id=UUID(case_id),
                practice_id=UUID(practice_id) if practice_id else None,
                actor_id=UUID(by_id) if by_id else None,
            )


async def tell_what_is_due(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, tell the owners of cases whose outcome is due where they are."""
    async for session in organisation_sessions(environment):
        await _tell_due(session, datetime.now(UTC))


async def _tell_due(session: AsyncSession, now: datetime) -> None:
    today = func.date(func.timezone(User.timezone, now))
    due = await session.execute(
        select(Case.id, Case.follow_up_on, User.timezone)
        .join(User, and_(User.organisation_id == Case.organisation_id, User.id == Case.owner_id))
        .where(Case.state == State.TRYING, Case.follow_up_on <= today, Case.follow_up_on > today - KEPT.days)
        .order_by(Case.id)
    )
    for case_id, day, zone in due.all():
        assert day is not None
        begins = datetime.combine(day, time.min, ZoneInfo(zone))
        await service.tell(session, Kind.OUTCOME_DUE, case_id, begins, case_id=case_id)


async def forget_old(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, forget what people were told long ago."""
    async for session in organisation_sessions(environment):
        await service.forget_old(session, datetime.now(UTC))
