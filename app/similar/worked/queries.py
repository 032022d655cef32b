"""What was tried in cases that are known to be similar. What the viewer may not see is neither shown nor counted."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseMove, Code, Plan
from app.cases.queries import visible_to
from app.cases.workflow import CLOSED_STATES, State
from app.practices.models import Practice, PracticeUse
from app.practices.queries import visible_to as practice_visible_to
from app.similar.scope import Rows


def _is_used() -> ColumnElement[bool]:
    """The plan that was used in the end, else the one that was chosen last."""
    return Plan.id == func.coalesce(Case.outcome_plan_id, Case.chosen_plan_id)


def _was_chosen() -> ColumnElement[bool]:
    """At some time the case was moved on to this plan: the note of such a move begins with the letter."""
    return exists().where(
        CaseMove.organisation_id == Plan.organisation_id,
        CaseMove.case_id == Plan.case_id,
        CaseMove.to_state == State.TRYING,
        func.split_part(CaseMove.note, ":", 1) == Plan.letter,
    )


async def list_tried_plans(session: AsyncSession, viewer: Viewer, case_ids: Collection[UUID]) -> Rows:
    """The plans that were tried in those closed cases that the viewer may read, the one that was used first.

    id, case_id, letter, move, positioning, title (of the case), used, named (by the outcome), outcome (its key).
    """
    found = await session.execute(
        select(
            Plan.id,
            Plan.case_id,
            Plan.letter,
            Plan.move,
            Plan.positioning,
            Case.title,
            _is_used().label("used"),
            (Case.outcome_plan_id.is_not(None)).label("named"),
            Code.key.label("outcome"),
        )
        .join_from(Plan, Case, Case.id == Plan.case_id)
        .join(Code, Code.id == Case.outcome_id, isouter=True)
        .where(Plan.case_id.in_(case_ids), Plan.move != "", Case.state.in_(CLOSED_STATES), visible_to(viewer))
        .where(or_(_is_used(), _was_chosen()))
        .order_by(Plan.case_id, _is_used().desc(), Plan.letter, Plan.id)
    )
    return found.all()


async def list_practice_texts(session: AsyncSession, viewer: Viewer, practice_ids: Collection[UUID]) -> Rows:
    """id, what_to_do and what_to_say of those practices that the viewer may see."""
    found = await session.execute(
        select(Practice.id, Practice.what_to_do, Practice.what_to_say)
        .join(Practice.case)
        .where(Practice.id.in_(practice_ids), practice_visible_to(viewer))
        .order_by(Practice.id)
    )
    return found.all()


async def list_uses(session: AsyncSession, practice_ids: Collection[UUID]) -> Rows:
    """id, practice_id, case_id and result. Whoever sees a practice sees how often it was used."""
    found = await session.execute(
        select(PracticeUse.id, PracticeUse.practice_id, PracticeUse.case_id, PracticeUse.result)
        .where(PracticeUse.practice_id.in_(practice_ids))
        .order_by(PracticeUse.id)
    )
    return found.all()


async def list_repeats(
    session: AsyncSession, viewer: Viewer, case_ids: Collection[UUID], practice_ids: Collection[UUID]
) -> Rows:
    """Plans that were started from one of these, and used in a closed case that the viewer may read.

    case_id, outcome (its key), named (by the outcome), basis_case_id, basis_practice_id.
    """
    found = await session.execute(
        select(
            Plan.case_id,
            Plan.basis_case_id,
            Plan.basis_practice_id,
            Code.key.label("outcome"),
            Case.outcome_plan_id.is_not(None).label("named"),
        )
        .join_from(Plan, Case, Case.id == Plan.case_id)
        .join(Code, Code.id == Case.outcome_id, isouter=True)
        .where(or_(Plan.basis_case_id.in_(case_ids), Plan.basis_practice_id.in_(practice_ids)))
        .where(Case.state.in_(CLOSED_STATES), visible_to(viewer), _is_used())
        .order_by(Plan.id)
    )
    return found.all()
