"""Every select on private addresses, and on what a calendar shows."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, Plan, PlanStep
from app.cases.queries import visible_to
from app.cases.workflow import State
from app.feed.models import Outlet, PrivateAddress

MOST_ENTRIES = 500


class Due(NamedTuple):
    """A day on which something is due, at a case: a step of the person's, or a date of their own case."""

    kind: str
    id: UUID
    day: date
    text: str
    case_id: UUID
    title: str


async def list_addresses(session: AsyncSession, user_id: UUID) -> Sequence[PrivateAddress]:
    return (await session.scalars(select(PrivateAddress).where(PrivateAddress.user_id == user_id))).all()


async def find_address(session: AsyncSession, outlet: Outlet, token_hash: str) -> PrivateAddress | None:
    return await session.scalar(
        select(PrivateAddress).where(PrivateAddress.outlet == outlet, PrivateAddress.token_hash == token_hash)
    )


async def list_due(session: AsyncSession, viewer: Viewer) -> list[Due]:
    """Open steps of chosen plans, and when to switch and to tell the outcome; on cases that are being tried."""
    own = Case.owner_id.in_(viewer.user_ids)
    steps = (
        _select("step", PlanStep.id, PlanStep.due_on, PlanStep.text)
        .join(Plan, and_(Plan.organisation_id == Case.organisation_id, Plan.id == Case.chosen_plan_id))
        .join(PlanStep, and_(PlanStep.organisation_id == Plan.organisation_id, PlanStep.plan_id == Plan.id))
        .where(PlanStep.owner_id.in_(viewer.user_ids), PlanStep.done_at.is_(None), PlanStep.due_on.is_not(None))
    )
    switches = (
        _select("switch", Plan.id, Plan.switch_on, Plan.switch_rule)
        .join(Plan, and_(Plan.organisation_id == Case.organisation_id, Plan.id == Case.chosen_plan_id))
        .where(own, Plan.switch_on.is_not(None))
    )
    outcomes = _select("outcome", Case.id, Case.follow_up_on, literal("")).where(own, Case.follow_up_on.is_not(None))
    tried = [part.where(Case.state == State.TRYING, visible_to(viewer)) for part in (steps, switches, outcomes)]
    found = await session.execute(union_all(*tried).order_by("day", "id").limit(MOST_ENTRIES))
    return [Due(*row) for row in found]


def _select(kind: str, identifier: Any, day: Any, text: Any) -> Select[*tuple[Any, ...]]:
    columns = (literal(kind).label("kind"), identifier.label("id"), day.label("day"), text, Case.id, Case.title)
    return select(*columns).select_from(Case)
