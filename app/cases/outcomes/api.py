"""The JSON API of outcomes."""

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import EditableCase
from app.cases.outcomes import service
from app.cases.outcomes.schemas import OutcomeInput, OutcomeRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors

router = create_api_router("outcomes")


@router.post(
    "/cases/{case_id}/outcome",
    operation_id="report_outcome",
    summary="Tell how it ended",
    responses=document_errors(404, 409),
)
async def report_outcome(
    case: EditableCase, body: OutcomeInput, session: Session, viewer: CurrentViewer, now: Now
) -> OutcomeRead:
    """The owner may, while a plan is being tried. `still_open` sets a new day to ask; all others resolve the case."""
    await service.report_outcome(session, case, body, viewer, now)
    return OutcomeRead(
        case_id=case.id,
        state=case.state,
        outcome=body.outcome,
        plan=body.plan,
        worked=case.outcome_worked,
        not_worked=case.outcome_not_worked,
        current_state=case.outcome_current_state,
        resolved_at=case.resolved_at,
        follow_up_on=case.follow_up_on,
    )
