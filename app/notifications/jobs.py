"""What the worker does so that people hear of things."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import User
from app.cases.models import Case
from app.cases.workflow import State
from app.core.jobs import JobEnvironment
from app.core.tenancy import organisation_session
from app.notifications import service
from app.notifications.models import KEPT, Kind

TOLD: Mapping[str, Kind] = {
    "question.asked": Kind.QUESTION,
    "question.asked_of_solver": Kind.SOLVER_ASKED,
    "question.answered": Kind.ANSWER,
    "hat.asked": Kind.HAT_ASKED,
    "hat.accepted": Kind.HAT_ANSWERED,
    "hat.declined": Kind.HAT_ANSWERED,
    "plan.proposed": Kind.PLAN_PROPOSED,
    "case.trying": Kind.PLAN_CHOSEN,
    "case.resolved": Kind.CASE_RESOLVED,
    "case.shared": Kind.CASE_SHARED,
}
"""What is told of a case that changed, by what was done."""


async def tell_of_case(
    environment: JobEnvironment,
    /,
    *,
    organisation_id: str,
    case_id: str,
    action: str = "",
    subject_id: str = "",
    by_id: str = "",
    at: str = "",
    **_rest: str,
) -> None:
    """Tell those whom it concerns what somebody did on a case, where it is something to tell."""
    kind = TOLD.get(action)
    if kind is None:
        return
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        await service.tell(
            session,
            kind,
            UUID(subject_id),
            datetime.fromisoformat(at),
            case_id=UUID(case_id),
            actor_id=UUID(by_id) if by_id else None,
        )


async def tell_solver(
    environment: JobEnvironment,
    /,
    *,
    organisation_id: str,
    case_id: str,
    practice_id: str,
    subject_id: str,
    by_id: str,
    at: str,
    **_rest: str,
) -> None:
    """Tell who solved it that a colleague uses the practice, or how that went."""
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        await service.tell(
            session,
            Kind.PRACTICE_USED,
            UUID(subject_id),
            datetime.fromisoformat(at),
            case_id=UUID(case_id),
            practice_id=UUID(practice_id),
            actor_id=UUID(by_id),
        )


async def tell_of_comment(
    environment: JobEnvironment,
    /,
    *,
    organisation_id: str,
    comment_id: str,
    case_id: str,
    practice_id: str,
    by_id: str,
    at: str,
    **_rest: str,
) -> None:
    """Tell those who are mentioned, and whose case or practice it is."""
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        for kind in (Kind.MENTION, Kind.COMMENT):
            await service.tell(
                session,
                kind,
                UUID(comment_id),
                datetime.fromisoformat(at),
                case_id=UUID(case_id),
                practice_id=UUID(practice_id) if practice_id else None,
                actor_id=UUID(by_id),
            )


async def tell_what_is_due(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, tell the owners of cases whose outcome is due where they are."""
    for organisation_id in await _list_organisations(environment):
        async with organisation_session(environment.session_factory, organisation_id) as session:
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
    for organisation_id in await _list_organisations(environment):
        async with organisation_session(environment.session_factory, organisation_id) as session:
            await service.forget_old(session, datetime.now(UTC))


async def _list_organisations(environment: JobEnvironment) -> list[UUID]:
    async with environment.session_factory() as session:
        return list(await accounts.list_organisation_ids(session))
