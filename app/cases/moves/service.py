"""Taking a case back, and opening it again. The case must be locked."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.cases.queries import read_facts, reload_case
from app.cases.service import CaseNotReady, move_case
from app.cases.workflow import Move, find_missing
from app.core.i18n import gettext as _


async def withdraw_case(session: AsyncSession, case: Case, reason: str, viewer: Viewer, now: datetime) -> None:
    facts = await read_facts(session, case, reason=reason)
    await move_case(session, case, Move.WITHDRAW, facts, viewer, now, note=reason)


async def reopen_case(session: AsyncSession, case: Case, reason: str, viewer: Viewer, now: datetime) -> Case:
    """Back to investigating; the case loaded anew. The outcome is asked for again, what was written about it stays."""
    facts = await read_facts(session, case, reason=reason)
    if case.posted_at is None:
        missing = {need.field: _(need.message) for need in find_missing(Move.POST, facts)}
        if missing:
            raise CaseNotReady(_("Not yet. {needs}").format(needs=" ".join(missing.values())), fields=missing)
    await move_case(session, case, Move.REOPEN, facts, viewer, now, note=reason)
    case.posted_at = case.posted_at or now
    case.outcome_id = None
    case.outcome_plan_id = None
    case.resolved_at = None
    case.follow_up_on = None
    return await reload_case(session, case.id)
