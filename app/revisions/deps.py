"""The ways to revisions. Who may read a text may read what it said before; of a practice, who may read its case.

What a practice said before may name a customer, which is why it was changed.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.cases.deps import LockedCase
from app.cases.models import Revision
from app.core.db import Session
from app.core.errors import NotFound
from app.practices.deps import EditablePractice, ReadablePractice
from app.practices.queries import PracticeRow
from app.revisions.queries import ON_CASE, ON_PRACTICE, get_revision


async def get_known_practice(row: ReadablePractice) -> PracticeRow:
    if not row.readable:
        raise NotFound
    return row


async def get_case_revision(case: LockedCase, revision_id: UUID, session: Session) -> Revision:
    return await get_revision(session, case.id, ON_CASE, revision_id)


KnownPractice = Annotated[PracticeRow, Depends(get_known_practice)]
"""A practice whose case the viewer may read."""


async def get_practice_revision(
    _known: KnownPractice, row: EditablePractice, revision_id: UUID, session: Session
) -> Revision:
    return await get_revision(session, row.practice.case_id, ON_PRACTICE, revision_id)


CaseRevision = Annotated[Revision, Depends(get_case_revision)]
"""A revision of a locked case, its outcome or its plans."""

PracticeRevision = Annotated[Revision, Depends(get_practice_revision)]
"""A revision of a locked practice that the viewer may change."""
