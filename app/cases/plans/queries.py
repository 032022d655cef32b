"""Every select on plans, their steps and objections."""

from collections.abc import Collection, Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.accounts.models import User
from app.accounts.queries import join_name
from app.accounts.viewer import Viewer
from app.cases.models import Case, Objection, Plan, PlanStep
from app.cases.queries import PRACTICES, is_private, practice_visible_to, visible_to


@cache
def load_plan() -> Sequence[ORMOption]:
    """What a plan is shown with: its people, steps and objections."""
    return (
        join_name(Plan.author),
        join_name(Plan.updated_by),
        selectinload(Plan.steps).options(join_name(PlanStep.owner)),
        selectinload(Plan.objections).options(
            joinedload(Objection.kind), join_name(Objection.raised_by), join_name(Objection.answered_by)
        ),
    )


async def list_plans(session: AsyncSession, case: Case) -> Sequence[Plan]:
    """The plans of a case in the order of their letters, each with steps and objections."""
    query = select(Plan).where(Plan.case_id == case.id).order_by(Plan.letter, Plan.id).options(*load_plan())
    found = await session.scalars(query.execution_options(populate_existing=True))
    return found.all()


async def find_plan(session: AsyncSession, case: Case, plan_id: UUID) -> Plan | None:
    query = select(Plan).where(Plan.case_id == case.id, Plan.id == plan_id).options(*load_plan())
    return await session.scalar(query.execution_options(populate_existing=True))


async def get_objection(session: AsyncSession, objection_id: UUID) -> Objection:
    """An objection that is known to be there, with its kind and people as they now are."""
    query = (
        select(Objection)
        .where(Objection.id == objection_id)
        .options(joinedload(Objection.kind), join_name(Objection.raised_by), join_name(Objection.answered_by))
    )
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def find_objection(session: AsyncSession, case: Case, objection_id: UUID) -> Objection | None:
    """An objection to any plan of the case."""
    on_case = and_(Plan.organisation_id == Objection.organisation_id, Plan.id == Objection.plan_id)
    query = select(Objection).join(Plan, on_case).where(Plan.case_id == case.id, Objection.id == objection_id)
    return await session.scalar(query)


async def list_letters(session: AsyncSession, case: Case) -> Sequence[str]:
    return (await session.scalars(select(Plan.letter).where(Plan.case_id == case.id).order_by(Plan.letter))).all()


async def list_known_users(session: AsyncSession, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that are people of this organisation."""
    if not user_ids:
        return set()
    return set(await session.scalars(select(User.id).where(User.id.in_(user_ids))))


async def may_start_from(session: AsyncSession, practice_id: UUID, viewer: Viewer) -> bool:
    """Whether there is such a practice and the viewer may see it."""
    found = await session.scalar(
        select(PRACTICES.c.id)
        .join(Case, Case.id == PRACTICES.c.case_id)
        .where(PRACTICES.c.id == practice_id, practice_visible_to(viewer))
    )
    return found is not None


async def find_basis(session: AsyncSession, case_id: UUID, viewer: Viewer) -> Case | None:
    """The case a plan is started from, if the viewer may see it."""
    return await session.scalar(select(Case).where(Case.id == case_id, visible_to(viewer)))


async def may_compare(session: AsyncSession, case_id: UUID, viewer: Viewer) -> bool:
    """Whether there is such a case, posted, and the viewer may see it."""
    posted = select(Case.id).where(Case.id == case_id, visible_to(viewer), ~is_private())
    return await session.scalar(posted) is not None


async def find_used_plan(session: AsyncSession, case: Case) -> Plan | None:
    """The plan that was used in the end, else the one that was chosen."""
    plan_id = case.outcome_plan_id or case.chosen_plan_id
    return None if plan_id is None else await session.scalar(select(Plan).where(Plan.id == plan_id))


def list_named_cases(plans: Sequence[Plan]) -> set[UUID]:
    """The earlier cases that plans were started from, and those that their objections name."""
    bases = {plan.basis_case_id for plan in plans}
    earlier = {objection.earlier_case_id for plan in plans for objection in plan.objections}
    return {case_id for case_id in bases | earlier if case_id is not None}


async def list_visible_titles(
    session: AsyncSession, case_ids: Collection[UUID], viewer: Viewer, *fitting: ColumnElement[bool]
) -> dict[UUID, str]:
    """Title by id of those cases that the viewer may see and that fit."""
    if not case_ids:
        return {}
    found = await session.execute(
        select(Case.id, Case.title).where(Case.id.in_(case_ids), visible_to(viewer), *fitting)
    )
    return {case_id: title for case_id, title in found}  # noqa: C416 - rows unpack, dict() would not type.
