"""Asking whoever solved an earlier case, for programs; it needs a person, so a key acts as one."""

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.questions.queries import find_question
from app.cases.questions.schemas import QuestionRead
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.similar.deps import ShownMatch
from app.similar.shown import find_asking
from app.similar.solvers import service
from app.similar.solvers.schemas import SolverQuestionInput, SolverQuestionRead

router = create_api_router("similar cases")


@router.post(
    "/matches/{match_id}/questions",
    status_code=201,
    operation_id="ask_solver",
    summary="Ask the person who solved a match",
    responses=document_errors(404, 409),
)
async def ask_solver(
    shown: ShownMatch, body: SolverQuestionInput, session: Session, viewer: CurrentViewer, now: Now
) -> SolverQuestionRead:
    """On the asking case if both may read it, else on the case that was solved. A match that is open, solved by
    yourself or by somebody who left, and a solver who may read neither case (`solver_outside`) answer 409.
    """
    asking = await find_asking(session, viewer, body.asking_case_id)
    if asking != body.asking_case_id:
        raise Invalid.at("asking_case_id", _("There is no such case."))
    case, question_id = await service.ask_solver(session, viewer, shown, asking, body.text, now)
    question = await find_question(session, case, question_id)
    assert question is not None
    return SolverQuestionRead(case_id=case.id, question=QuestionRead.from_question(question))
