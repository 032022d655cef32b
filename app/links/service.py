"""Declaring that cases belong together, taking it back, and joining a case instead of posting it twice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.cases.deps import get_visible_case, may_edit
from app.cases.drafts.service import delete_draft
from app.cases.models import Case
from app.cases.service import WrongState
from app.cases.workflow import OPEN_STATES, State
from app.comments.service import write_comment
from app.core.db import new_id
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.i18n import gettext as _
from app.feed.marks.queries import Subject
from app.feed.marks.service import add_mark
from app.feed.models import Purpose, SubjectKind
from app.links import queries
from app.links.models import CaseLink, LinkKind
from app.links.queries import Linked


async def link_cases(
    session: AsyncSession, case: Case, other_id: UUID, kind: LinkKind, viewer: Viewer, now: datetime
) -> Linked:
    """The link as the case has it. Linked already, the new kind replaces the old. Raises Invalid, WrongState."""
    try:
        other = await get_visible_case(session, other_id, viewer)
    except NotFound:
        raise Invalid.at("other_id", _("Choose a case that you can read.")) from None
    if other.id == case.id:
        raise Invalid.at("other_id", _("Choose another case than this one."))
    if State.DRAFT in {case.state, other.state}:
        raise WrongState(_("Post the draft first: only then can others read what it is linked to."))
    link = await queries.find_link(session, case.id, other.id)
    if link is None:
        link = CaseLink(organisation_id=case.organisation_id, id=new_id())
        session.add(link)
    link.case_id, link.other_id, link.kind = case.id, other.id, kind
    link.made_by_id, link.at = viewer.person_id, now
    await session.flush()
    await record_audit(session, viewer, "case.linked", case.id, {"kind": kind.value}, case_id=case.id)
    linked = await queries.find_linked(session, viewer, case.id, link.id)
    assert linked is not None
    return linked


def may_unlink(case: Case, linked: Linked, viewer: Viewer) -> bool:
    """Whoever declared it, and the owners of both cases."""
    return not viewer.user_ids.isdisjoint(_list_entitled(case, linked))


def _list_entitled(case: Case, linked: Linked) -> list[UUID | None]:
    return [linked.made_by_id, case.owner_id, linked.owner_id]


async def unlink_case(session: AsyncSession, case: Case, link_id: UUID, viewer: Viewer) -> None:
    """Raises NotFound, and Forbidden for who neither declared it nor owns one of the cases."""
    linked = await queries.find_linked(session, viewer, case.id, link_id)
    if linked is None:
        raise NotFound
    if not may_unlink(case, linked, viewer):
        raise Forbidden(_("Whoever linked the cases and their owners can take it back."))
    # Whoever owns the other case without a name takes it back without one.
    viewer = viewer.appear_as(next(user_id for user_id in _list_entitled(case, linked) if user_id in viewer.user_ids))
    await session.execute(delete(CaseLink).where(CaseLink.id == link_id))
    await record_audit(session, viewer, "case.unlinked", case.id, {"kind": linked.kind.value}, case_id=case.id)


async def find_own_draft(session: AsyncSession, draft_id: UUID | None, viewer: Viewer) -> Case | None:
    """A draft of the viewer's own, locked; None for what is none, or is not saved yet."""
    if draft_id is None:
        return None
    try:
        draft = await get_visible_case(session, draft_id, viewer, lock=True)
    except NotFound:
        return None
    return draft if draft.state is State.DRAFT and may_edit(draft, viewer) else None


async def join_case(
    session: AsyncSession, case: Case, text: str, draft: Case | None, viewer: Viewer, now: datetime
) -> None:
    """Tell the case's people that it is the same here, follow it, and drop the draft that it makes needless."""
    if case.state not in OPEN_STATES:
        raise WrongState(_("The case is closed: learn from it, and post your own."))
    await write_comment(session, case, text, viewer.person_id, now)
    await add_mark(session, viewer, Purpose.FOLLOW, Subject(SubjectKind.CASE, str(case.id), case.title, case.id), now)
    if draft is not None:
        await delete_draft(session, draft)
