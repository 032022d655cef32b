"""Taking a case back, and opening it again. The case must be locked."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.cases.queries import read_facts, reload_case
from app.cases.service import WrongState, move_case, refuse_incomplete
from app.cases.workflow import Move
from app.core.i18n import gettext as _


async def withdraw_case(session: AsyncSession, case: Case, reason: str, viewer: Viewer, now: datetime) -> None:
    facts = await read_facts(session, case, reason=reason)
    await move_case(session, case, Move.WITHDRAW, facts, viewer, now, note=reason)


async def reopen_case(session: AsyncSession, case: Case, reason: str, viewer: Viewer, now: datetime) -> Case:
    """Back to investigating; the case loaded anew. The outcome is asked for again, what was written about it stays."""
    facts = await read_facts(session, case, reason=reason)
    if case.posted_at is None:
        refuse_incomplete(Move.POST, facts)
        if case.anonymous:
            raise WrongState(_("Withdrawn in your name, this can no longer be posted without it. Write a new case."))
    await move_case(session, case, Move.REOPEN, facts, viewer, now, note=reason)
    case.posted_at = case.posted_at or now
    case.outcome_id = None
    case.outcome_plan_id = None
    case.resolved_at = None
    case.follow_up_on = None
    return await reload_case(session, case.id)
