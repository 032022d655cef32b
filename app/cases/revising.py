"""Keeping what was said before: every change of a text leaves a revision. A text never changed has none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case, Objection, Plan, Question, Revision, RevisionKind
from app.cases.workflow import State
from app.core.db import new_id

STORY_TEXTS = ("title", "situation", "obstacle_words", "worked", "not_worked", "current_state", "desired_state")
OUTCOME_TEXTS = ("outcome_worked", "outcome_not_worked", "outcome_current_state")
PLAN_TEXTS = ("move", "positioning", "good_customer", "bad_customer", "good_us", "bad_us", "switch_rule")


@dataclass(frozen=True)
class Wording:
    """The texts of one thing as they stand, and who wrote them down first."""

    organisation_id: UUID
    case_id: UUID
    kind: RevisionKind
    subject_id: UUID
    texts: Mapping[str, str]
    author_id: UUID | None
    written_at: datetime
    client_id: UUID | None = None


def read_wordings(case: Case) -> tuple[Wording, Wording]:
    """The story of a case, and its outcome."""
    place = (case.organisation_id, case.id)
    story = {name: getattr(case, name) for name in STORY_TEXTS}
    outcome = {name: getattr(case, name) for name in OUTCOME_TEXTS}
    posted_at = case.posted_at or case.created_at
    return (
        Wording(*place, RevisionKind.STORY, case.id, story, case.author_id, posted_at, case.client_id),
        Wording(*place, RevisionKind.OUTCOME, case.id, outcome, case.owner_id, case.resolved_at or case.moved_at),
    )


def read_plan_wording(plan: Plan, steps: Iterable[str]) -> Wording:
    """The texts of a plan with those of its steps, one a line."""
    texts = {name: getattr(plan, name) for name in PLAN_TEXTS} | {"steps": "\n".join(steps)}
    place = (plan.organisation_id, plan.case_id)
    return Wording(*place, RevisionKind.PLAN, plan.id, texts, plan.author_id, plan.created_at)


def read_answer_wording(case: Case, answered: Question | Objection) -> Wording:
    """The answer to a question or to an objection on the case."""
    kind = RevisionKind.ANSWER if isinstance(answered, Question) else RevisionKind.OBJECTION_ANSWER
    place = (case.organisation_id, case.id)
    written_at = answered.answered_at or case.moved_at
    return Wording(*place, kind, answered.id, {"answer": answered.answer}, answered.answered_by_id, written_at)


async def keep_case_revisions(
    session: AsyncSession, case: Case, before: Sequence[Wording], viewer: Viewer, now: datetime
) -> None:
    """Keep what changed since `read_wordings` was asked. A draft is its owner's own, and leaves nothing."""
    if case.state is State.DRAFT:
        return
    for earlier, later in zip(before, read_wordings(case), strict=True):
        await keep_revision(session, earlier, later.texts, viewer, now)


async def keep_revision(
    session: AsyncSession, before: Wording, texts: Mapping[str, str], viewer: Viewer, now: datetime
) -> None:
    """Keep the texts when they differ from those before, and those before when they are the first."""
    if texts == before.texts:
        return
    same = (Revision.case_id == before.case_id, Revision.kind == before.kind, Revision.subject_id == before.subject_id)
    known = await session.scalar(select(Revision.id).where(*same).limit(1))
    if known is None and not any(before.texts.values()):
        return
    if known is None:
        session.add(_revise(before, before.texts, before.author_id, before.client_id, before.written_at))
    session.add(_revise(before, texts, viewer.user_id, viewer.client_id, now))
    await session.flush()


def _revise(
    wording: Wording, texts: Mapping[str, str], user_id: UUID | None, client_id: UUID | None, at: datetime
) -> Revision:
    return Revision(
        organisation_id=wording.organisation_id,
        id=new_id(),
        case_id=wording.case_id,
        kind=wording.kind,
        subject_id=wording.subject_id,
        texts=dict(texts),
        user_id=user_id,
        client_id=client_id,
        at=at,
    )
