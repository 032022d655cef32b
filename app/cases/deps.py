"""The ways to a case: each dependency loads it and authorises in one select. 404 for what may not be seen."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentViewer
from app.accounts.service import record_audit
from app.accounts.stand_ins import stands_behind
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.models import Case, HatKind, Visibility
from app.cases.workflow import State
from app.core.db import Session, SessionFactory
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.i18n import gettext as _
from app.core.tenancy import organisation_session


async def get_visible_case(session: AsyncSession, case_id: UUID, viewer: Viewer, *, lock: bool = False) -> Case:
    """The case; NotFound unless the viewer may see it."""
    case = await queries.find_case(session, case_id, queries.visible_to(viewer), lock=lock)
    if case is None:
        raise NotFound
    return case


async def open_restricted(
    request: Request, session: AsyncSession, case_id: UUID, viewer: Viewer, *, lock: bool = False
) -> Case:
    """A restricted case opened by an admin, which is written down whatever becomes of the request."""
    restricted = Case.visibility == Visibility.RESTRICTED
    case = await queries.find_case(session, case_id, restricted, ~queries.is_private(), lock=lock)
    if case is None:
        raise NotFound
    factory: SessionFactory = request.app.state.session_factory
    async with organisation_session(factory, viewer.organisation_id) as audit:
        await record_audit(audit, viewer, "case.restricted_opened", case.id, case_id=case.id)
    return case


async def open_case(
    request: Request, session: AsyncSession, case_id: UUID, viewer: Viewer, *, lock: bool = False
) -> Case:
    """The case for everybody who may read it."""
    try:
        return await get_visible_case(session, case_id, viewer, lock=lock)
    except NotFound:
        if not viewer.is_admin:
            raise
        return await open_restricted(request, session, case_id, viewer, lock=lock)


async def get_readable_case(request: Request, case_id: UUID, session: Session, viewer: CurrentViewer) -> Case:
    return await open_case(request, session, case_id, viewer)


async def get_locked_case(request: Request, case_id: UUID, session: Session, viewer: CurrentViewer) -> Case:
    return await open_case(request, session, case_id, viewer, lock=True)


ReadableCase = Annotated[Case, Depends(get_readable_case)]
"""A case the viewer may see, as `queries.load_all` loads it."""

LockedCase = Annotated[Case, Depends(get_locked_case)]
"""A readable case whose row waits for nobody else: for what every reader may add to it."""


def may_edit(case: Case, viewer: Viewer) -> bool:
    """The owner; the author while it is a draft; a program for itself what it created."""
    if viewer.user_id is None:
        return case.client_id == viewer.client_id
    return case.owner_id in viewer.user_ids or (case.state is State.DRAFT and case.author_id in viewer.user_ids)


async def may_choose(session: AsyncSession, case: Case, viewer: Viewer) -> bool:
    """The owner, an accepted decision maker, or the manager of the case's team."""
    if viewer.user_id is None:
        return False
    if case.owner_id in viewer.user_ids or viewer.leads(case.team_id):
        return True
    return await queries.wears_hat(session, case, viewer.user_id, HatKind.DECISION_MAKER)


async def refuse_strangers(session: AsyncSession, case: Case, viewer: Viewer) -> None:
    """Raise Forbidden for who may not edit the case.

    A second press on Post waits for the first, by which the case went to a stand-in: that is no refusal to be
    written down with the name, but a Conflict.
    """
    if may_edit(case, viewer):
        return
    if viewer.user_id is not None and await stands_behind(session, case.id, viewer.own_id):
        raise Conflict(_("This case was posted meanwhile. Change it on its own page."))
    raise Forbidden(_("Only the owner of the case may do this."))


async def get_editable_case(case: LockedCase, session: Session, viewer: CurrentViewer) -> Case:
    await refuse_strangers(session, case, viewer)
    return case


async def get_managed_case(case: LockedCase, viewer: CurrentViewer) -> Case:
    if viewer.user_id is None or not viewer.leads(case.team_id):
        raise Forbidden(_("Only a manager of the case's team may do this."))
    return case


async def get_choosable_case(case: LockedCase, session: Session, viewer: CurrentViewer) -> Case:
    if not await may_choose(session, case, viewer):
        raise Forbidden(_("Only the owner, the decision maker or the team's manager may choose a plan."))
    return case


EditableCase = Annotated[Case, Depends(get_editable_case)]
"""A locked case of the viewer's own."""

ManagedCase = Annotated[Case, Depends(get_managed_case)]
"""A locked case of a team the viewer leads."""

ChoosableCase = Annotated[Case, Depends(get_choosable_case)]
"""A locked case on which the viewer may choose a plan."""
