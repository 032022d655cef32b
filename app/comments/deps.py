"""The way to a comment: through the case or the practice it is on. 404 for what may not be seen."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.accounts.deps import CurrentViewer
from app.cases.deps import open_case
from app.comments.models import Comment
from app.comments.queries import Subject, find_comment
from app.core.db import Session
from app.core.errors import Forbidden, NotFound
from app.core.i18n import gettext as _
from app.practices.queries import get_practice


@dataclass(frozen=True)
class Placed:
    """A comment, and what it is on."""

    comment: Comment
    subject: Subject


async def get_own_comment(request: Request, comment_id: UUID, session: Session, viewer: CurrentViewer) -> Placed:
    comment = await find_comment(session, comment_id)
    if comment is None:
        raise NotFound
    if comment.case_id is not None:
        placed = Placed(comment, await open_case(request, session, comment.case_id, viewer))
    else:
        assert comment.practice_id is not None
        placed = Placed(comment, (await get_practice(session, comment.practice_id, viewer)).practice)
    if comment.author_id not in viewer.user_ids:
        raise Forbidden(_("Only who wrote the comment may do this."))
    return placed


OwnComment = Annotated[Placed, Depends(get_own_comment)]
"""A comment of the viewer's own, on something the viewer may read."""
