"""What a person was shown as a match: the way to it, and what stands beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.cases.queries import visible_to
from app.practices.models import Practice
from app.similar.filters import Filters
from app.similar.matches import Match
from app.similar.models import FeedbackReason, MatchFeedback
from app.similar.scope import select_visible


@dataclass(frozen=True)
class Shown:
    """A case, or the practice made from it, that the viewer may be shown as a match."""

    case_id: UUID
    practice_id: UUID | None
    title: str
    is_open: bool
    readable: bool
    """Whether the viewer may read the case, and not the practice alone."""
    solver_id: UUID

    @property
    def id(self) -> UUID:
        return self.practice_id or self.case_id


async def find_shown(session: AsyncSession, viewer: Viewer, match_id: UUID) -> Shown | None:
    """The match of this id, that of a case or of a practice; None unless the viewer may be shown it."""
    is_it = or_(Practice.id == match_id, and_(Case.id == match_id, visible_to(viewer)))
    found = await session.execute(
        select_visible(viewer, Filters())
        .add_columns(
            func.coalesce(Practice.title, Case.title).label("title"),
            func.coalesce(Practice.solver_id, Case.owner_id).label("solver_id"),
        )
        .where(is_it)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Shown(row.case_id, row.practice_id, row.title, row.is_open, row.readable, row.solver_id)


async def find_asking(session: AsyncSession, viewer: Viewer, case_id: UUID | None) -> UUID | None:
    """The case that matches are looked for, if the viewer may see it: a draft need not be saved yet."""
    if case_id is None:
        return None
    return await session.scalar(select(Case.id).where(Case.id == case_id, visible_to(viewer)))


@dataclass(frozen=True)
class Beside:
    """What stands beside a match."""

    said: FeedbackReason | None = None
    """Why the viewer found it not helpful for the asking case."""
    solver: str = ""
    """Who can be asked how it was solved; empty where nobody else can."""


NOTHING_BESIDE = Beside()


async def list_beside(
    session: AsyncSession, viewer: Viewer, matches: Iterable[Match], asking_case_id: UUID | None
) -> Mapping[UUID, Beside]:
    """By case, for matches that the viewer is shown."""
    cases = {match.case_id: match for match in matches}
    if not cases:
        return {}
    practice_ids = [match.practice_id for match in cases.values() if match.practice_id]
    said = and_(
        MatchFeedback.organisation_id == Case.organisation_id,
        MatchFeedback.case_id == Case.id,
        MatchFeedback.user_id == (viewer.behind_id or viewer.user_id),
        MatchFeedback.asking_case_id.is_not_distinct_from(asking_case_id),
    )
    practice = and_(Practice.organisation_id == Case.organisation_id, Practice.case_id == Case.id)
    solver = and_(
        User.organisation_id == Case.organisation_id,
        User.id == func.coalesce(Practice.solver_id, Case.owner_id),
        User.id.not_in(viewer.user_ids) if viewer.user_id else false(),
        User.deactivated_at.is_(None),
    )
    found = await session.execute(
        select(Case.id, MatchFeedback.reason, User.name)
        .join_from(Case, Practice, and_(practice, Practice.id.in_(practice_ids)), isouter=True)
        .join(MatchFeedback, said, isouter=True)
        .join(User, solver, isouter=True)
        .where(Case.id.in_(cases))
    )
    return {
        case_id: Beside(reason, name if name and not cases[case_id].is_open else "") for case_id, reason, name in found
    }
