"""The ways to a practice: each dependency loads it and authorises in one select. 404 for what may not be seen."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.accounts.deps import CurrentViewer
from app.core.db import Session
from app.core.errors import Forbidden
from app.core.i18n import gettext as _
from app.practices import queries
from app.practices.queries import PracticeRow
from app.practices.service import may_edit


async def get_readable_practice(practice_id: UUID, session: Session, viewer: CurrentViewer) -> PracticeRow:
    return await queries.get_practice(session, practice_id, viewer)


async def get_locked_practice(practice_id: UUID, session: Session, viewer: CurrentViewer) -> PracticeRow:
    return await queries.get_practice(session, practice_id, viewer, lock=True)


ReadablePractice = Annotated[PracticeRow, Depends(get_readable_practice)]
"""A practice the viewer may see, as `queries.load_all` loads it."""

LockedPractice = Annotated[PracticeRow, Depends(get_locked_practice)]
"""A readable practice whose row waits for nobody else: for what every reader may do to it."""


async def get_editable_practice(row: LockedPractice, viewer: CurrentViewer) -> PracticeRow:
    if not may_edit(row.practice, viewer):
        raise Forbidden(_("Only the one who solved it and the managers of the team may do this."))
    return row


EditablePractice = Annotated[PracticeRow, Depends(get_editable_practice)]
"""A locked practice that the viewer may change."""
