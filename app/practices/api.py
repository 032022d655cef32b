"""Practices for programs."""

from typing import Annotated

from fastapi import Query, Request, Response

from app.accounts.deps import CurrentViewer, create_api_router
from app.accounts.queries import find_reachable_user
from app.cases.deps import EditableCase
from app.cases.schemas import Named
from app.core.clock import Now
from app.core.db import Session
from app.core.error_pages import document_errors
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.openapi import CREATED
from app.core.pagination import Cursor
from app.core.templating import path_for
from app.core.versions import IfMatch, format_etag
from app.practices import queries, service
from app.practices.deps import EditablePractice, LockedPractice, ReadablePractice
from app.practices.queries import NEVER_USED, PracticeRow, UseCounts
from app.practices.schemas import (
    PracticeList,
    PracticePatch,
    PracticeQuery,
    PracticeRead,
    ShareInput,
    TrustInput,
    UseInput,
    UseRead,
)

router = create_api_router("practices")


def _read(request: Request, row: PracticeRow, counts: UseCounts) -> PracticeRead:
    url = path_for(request.app, "practice_detail", practice_id=row.practice.id)
    return PracticeRead.from_practice(row.practice, counts=counts, readable=row.readable, url=url)


async def _answer(request: Request, response: Response, session: Session, row: PracticeRow) -> PracticeRead:
    response.headers["ETag"] = format_etag(row.practice.version)
    counts = await queries.count_uses(session, [row.practice.id])
    return _read(request, row, counts.get(row.practice.id, NEVER_USED))


@router.post(
    "/cases/{case_id}/share",
    status_code=201,
    operation_id="share_case",
    summary="Share a resolved case as a practice",
    responses=CREATED | document_errors(404, 409),
)
async def share_case(
    request: Request,
    response: Response,
    case: EditableCase,
    story: ShareInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> PracticeRead:
    """The owner's move. Names, addresses and numbers found in the text answer 409 `names_found`, with the findings by
    field, until `confirm_names` is true; nothing is changed then.
    """
    parts = story.model_dump(exclude={"confirm_names"})
    practice = await service.share_case(session, case, parts, confirmed=story.confirm_names, viewer=viewer, now=now)
    row = await queries.get_practice(session, practice.id, viewer)
    response.headers["Location"] = path_for(request.app, "read_practice", practice_id=practice.id)
    return await _answer(request, response, session, row)


@router.get("/practices", operation_id="list_practices", summary="Practices you may see, last surfaced first")
async def list_practices(
    request: Request, query: Annotated[PracticeQuery, Query()], session: Session, viewer: CurrentViewer
) -> PracticeList:
    """A practice surfaces when it is shared and when it worked for a colleague."""
    codes = await queries.list_code_names(session)
    queries.refuse_unknown_codes(codes.values(), query.list_filters())
    page = await queries.list_practices(
        session, viewer, codes, cursor=Cursor.decode(query.cursor), limit=query.limit, **query.list_filters()
    )
    counts = await queries.count_uses(session, [row.practice.id for row in page.items])
    items = [_read(request, row, counts.get(row.practice.id, NEVER_USED)) for row in page.items]
    return PracticeList(items=items, next_cursor=page.next_cursor)


@router.get(
    "/practices/{practice_id}",
    operation_id="read_practice",
    summary="A practice",
    responses=document_errors(404),
)
async def read_practice(request: Request, response: Response, row: ReadablePractice, session: Session) -> PracticeRead:
    """With the ETag that PATCH asks for."""
    return await _answer(request, response, session, row)


@router.patch(
    "/practices/{practice_id}",
    operation_id="change_practice",
    summary="Change a practice",
    responses=document_errors(404, 409, 412, 428),
)
async def change_practice(
    request: Request,
    response: Response,
    row: EditablePractice,
    changes: PracticePatch,
    version: IfMatch,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> PracticeRead:
    """For the one who solved it and the managers of the team. Names found answer 409 as when sharing."""
    await service.change_practice(
        session,
        row.practice,
        changes.list_changes(),
        version=version,
        confirmed=changes.confirm_names,
        viewer=viewer,
        now=now,
    )
    return await _answer(request, response, session, await queries.get_practice(session, row.practice.id, viewer))


@router.post(
    "/practices/{practice_id}/uses",
    status_code=201,
    operation_id="use_practice",
    summary="Say how using a practice went",
    responses=document_errors(404, 409),
)
async def use_practice(
    row: LockedPractice, use: UseInput, session: Session, viewer: CurrentViewer, now: Now
) -> UseRead:
    """Each person counts once a case; said without a case, it corrects what was said last."""
    if use.case_id is not None and not await queries.is_case_visible(session, use.case_id, viewer):
        raise Invalid.at("case_id", _("There is no such case."))
    user_id = (viewer.appear_on(use.case_id) if use.case_id else viewer).person_id
    saved = await service.record_use(
        session, row.practice, use.result, user_id, now, note=use.note, case_id=use.case_id
    )
    user = await find_reachable_user(session, user_id)
    assert user is not None
    return UseRead.from_use(saved, Named(id=user.id, name=user.name))


@router.post(
    "/practices/{practice_id}/trust",
    operation_id="set_practice_trust",
    summary="Say how far to trust a practice",
    responses=document_errors(404, 409),
)
async def set_trust(
    request: Request,
    response: Response,
    row: LockedPractice,
    trust: TrustInput,
    session: Session,
    viewer: CurrentViewer,
    now: Now,
) -> PracticeRead:
    """A manager of the team validates and retires; everybody who reads may ask for a review, with a reason."""
    await service.set_trust(session, row.practice, trust.trust, trust.note, viewer, now)
    return await _answer(request, response, session, await queries.get_practice(session, row.practice.id, viewer))
