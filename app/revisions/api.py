"""Revisions for programs: listed with what changed, and brought back."""

from app.accounts.deps import CurrentViewer, create_api_router
from app.cases.deps import LockedCase, ReadableCase
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam, Limit
from app.practices.deps import EditablePractice
from app.revisions import queries, service
from app.revisions.deps import CaseRevision, KnownPractice, PracticeRevision
from app.revisions.queries import ON_CASE, ON_PRACTICE
from app.revisions.schemas import RestoreInput, RevisionList, RevisionRead

router = create_api_router("revisions")


@router.get(
    "/cases/{case_id}/revisions",
    operation_id="list_case_revisions",
    summary="What the texts of a case and its plans said before",
    responses=document_errors(404),
)
async def list_of_case(
    case: ReadableCase, session: Session, limit: Limit = PAGE_SIZE, cursor: CursorParam = None
) -> RevisionList:
    """The newest first. A text that was never changed has no revision."""
    return RevisionList.from_page(await queries.list_revisions(session, case.id, ON_CASE, Cursor.decode(cursor), limit))


@router.post(
    "/cases/{case_id}/revisions/{revision_id}/restore",
    operation_id="restore_case_revision",
    summary="Bring an earlier text of a case or a plan back",
    responses=document_errors(404, 409),
)
async def restore_of_case(
    case: LockedCase, revision: CaseRevision, session: Session, viewer: CurrentViewer, now: Now
) -> RevisionRead:
    """For those who may edit the text. It leaves a new revision, which is answered; nothing is lost."""
    await service.restore_on_case(session, case, revision, viewer, now)
    return RevisionRead.from_row(await queries.get_latest(session, revision))


@router.get(
    "/practices/{practice_id}/revisions",
    operation_id="list_practice_revisions",
    summary="What the texts of a practice said before",
    responses=document_errors(404),
)
async def list_of_practice(
    row: KnownPractice, session: Session, limit: Limit = PAGE_SIZE, cursor: CursorParam = None
) -> RevisionList:
    """The newest first, for those who may read the case behind it: an earlier text may name its customer."""
    return RevisionList.from_page(
        await queries.list_revisions(session, row.practice.case_id, ON_PRACTICE, Cursor.decode(cursor), limit)
    )


@router.post(
    "/practices/{practice_id}/revisions/{revision_id}/restore",
    operation_id="restore_practice_revision",
    summary="Bring an earlier text of a practice back",
    responses=document_errors(404, 409),
)
async def restore_of_practice(
    row: EditablePractice,
    revision: PracticeRevision,
    body: RestoreInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> RevisionRead:
    """For those who may edit the practice. Names found in the text answer 409 as when sharing."""
    await service.restore_practice(
        session, row.practice, revision, confirmed=body.confirm_names, viewer=viewer, now=now
    )
    return RevisionRead.from_row(await queries.get_latest(session, revision))
