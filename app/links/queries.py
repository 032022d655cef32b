"""Every select on declared links. A case that the viewer may not read is not told of."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.cases.queries import is_private, visible_to
from app.cases.workflow import State
from app.links.models import CaseLink, LinkKind


class Linked(NamedTuple):
    """A link as it looks from one of its two cases."""

    id: UUID
    kind: LinkKind
    from_here: bool
    """Whether `kind` is what this case is to the other; else it is what the other is to this one."""
    made_by_id: UUID | None
    made_by: str | None
    case_id: UUID
    """Of the other case, as all that follows."""
    title: str
    language: str
    state: State
    owner_id: UUID


def _select_linked(viewer: Viewer, case_id: UUID) -> Select[*tuple[Any, ...]]:
    other_id = case((CaseLink.case_id == case_id, CaseLink.other_id), else_=CaseLink.case_id)
    return (
        select(
            CaseLink.id,
            CaseLink.kind,
            CaseLink.case_id == case_id,
            CaseLink.made_by_id,
            User.name,
            Case.id,
            Case.title,
            Case.language,
            Case.state,
            Case.owner_id,
        )
        .join_from(CaseLink, Case, and_(Case.organisation_id == CaseLink.organisation_id, Case.id == other_id))
        .outerjoin(User, and_(User.organisation_id == CaseLink.organisation_id, User.id == CaseLink.made_by_id))
        .where(or_(CaseLink.case_id == case_id, CaseLink.other_id == case_id), visible_to(viewer), ~is_private())
    )


async def list_linked(session: AsyncSession, viewer: Viewer, case_id: UUID) -> list[Linked]:
    """Those of the same first, each group in the order it was declared."""
    found = await session.execute(_select_linked(viewer, case_id).order_by(CaseLink.kind, CaseLink.id))
    return [Linked(*row) for row in found]


async def find_linked(session: AsyncSession, viewer: Viewer, case_id: UUID, link_id: UUID) -> Linked | None:
    row = (await session.execute(_select_linked(viewer, case_id).where(CaseLink.id == link_id))).one_or_none()
    return None if row is None else Linked(*row)


async def find_link(session: AsyncSession, one: UUID, other: UUID) -> CaseLink | None:
    """The link between two cases, whichever was named first."""
    return await session.scalar(
        select(CaseLink).where(
            or_(
                and_(CaseLink.case_id == one, CaseLink.other_id == other),
                and_(CaseLink.case_id == other, CaseLink.other_id == one),
            )
        )
    )
