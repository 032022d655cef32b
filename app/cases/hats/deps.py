"""The way to a hat for who answers it, which may be somebody who may not read the case yet."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.accounts.deps import CurrentViewer
from app.cases.hats import queries
from app.cases.models import Case, Hat
from app.core.db import Session
from app.core.errors import NotFound


async def get_asked_hat(case_id: UUID, hat_id: UUID, session: Session, viewer: CurrentViewer) -> tuple[Case, Hat]:
    case = await queries.find_asking_case(session, case_id, hat_id, viewer)
    hat = None if case is None else await queries.find_hat(session, case, hat_id)
    if case is None or hat is None:
        raise NotFound
    return case, hat


AskedHat = Annotated[tuple[Case, Hat], Depends(get_asked_hat)]
"""A hat with its locked case, for who may read the case or was asked to wear the hat."""
