"""Every select on practices. Who may see which is one expression, part of each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.accounts.models import User
from app.accounts.queries import join_name
from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseObstacle, Code, CodeKind, Hat, Plan, PlanStep, Question
from app.cases.queries import visible_to as case_visible_to
from app.cases.workflow import OPEN_STATES, State
from app.core.errors import Invalid, NotFound
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.pagination import Cursor, Page, cut_page
from app.deals.models import Deal
from app.practices.models import Audience, Practice, PracticeUse, Trust, UseResult

REVIEWS_SHOWN = 50
USES_SHOWN = 20
OPEN_CASES_SHOWN = 20
NO_CODE = UUID(int=0)
"""The id of no row: what a key that nobody knows is looked for with."""


@lru_cache(maxsize=256)
def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Which practices the viewer may see. The select must join `Practice.case`: a reopened case hides its practice."""
    shared = Case.state == State.SHARED
    everyone = Practice.audience == Audience.EVERYONE
    if viewer.user_id is None:
        return and_(shared, or_(everyone, Case.client_id == viewer.client_id))
    return and_(shared, or_(everyone, Practice.solver_id.in_(viewer.user_ids), Practice.team_id.in_(viewer.team_ids)))


@cache
def load_all() -> Sequence[ORMOption]:
    """What a practice is shown with, for a select that joins `Practice.case`."""
    return (
        contains_eager(Practice.case).options(
            joinedload(Case.outcome),
            joinedload(Case.industry),
            joinedload(Case.stage),
            selectinload(Case.obstacles).joinedload(CaseObstacle.code),
        ),
        join_name(Practice.solver),
        join_name(Practice.trust_by),
        joinedload(Practice.team),
    )


class PracticeRow(NamedTuple):
    """A practice, and whether the viewer may read the case behind it."""

    practice: Practice
    readable: bool


def _select_rows(viewer: Viewer) -> Select[Practice, bool]:
    return (
        select(Practice, case_visible_to(viewer).label("readable"))
        .join(Practice.case)
        .where(visible_to(viewer))
        .options(*load_all())
    )


async def get_practice(session: AsyncSession, practice_id: UUID, viewer: Viewer, *, lock: bool = False) -> PracticeRow:
    """The practice as it stands now; NotFound unless the viewer may see it. `lock` keeps other writers waiting."""
    query = _select_rows(viewer).where(Practice.id == practice_id).execution_options(populate_existing=True)
    if lock:
        query = query.with_for_update(of=Practice)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound
    return PracticeRow(found[0], found[1])


async def find_practice_of_case(session: AsyncSession, case_id: UUID) -> Practice | None:
    """The practice made of a case, be it shown at the moment or not."""
    return await session.scalar(select(Practice).where(Practice.case_id == case_id))


@dataclass(frozen=True)
class CodeName:
    """A code by key and name, in the language of the request."""

    kind: CodeKind
    key: str
    name: str


async def list_code_names(session: AsyncSession) -> dict[UUID, CodeName]:
    """Every code by id, in the order they are offered, the retired ones too."""
    found = await session.execute(select(Code.id, Code.kind, Code.key, Code.names).order_by(Code.position, Code.key))
    language = current_language()
    return {
        code_id: CodeName(kind, key, names.get(language) or next(iter(names.values())))
        for code_id, kind, key, names in found
    }


Codes = Mapping[UUID, CodeName]


def refuse_unknown_codes(codes: Iterable[CodeName], filters: Mapping[str, object]) -> None:
    """Raise Invalid for a filter by the key of a code that the organisation does not have."""
    known = {(code.kind.value, code.key) for code in codes}
    kinds = (CodeKind.OBSTACLE, CodeKind.OUTCOME, CodeKind.STAGE, CodeKind.INDUSTRY)
    unknown = [kind.value for kind in kinds if (key := filters.get(kind)) and (kind, key) not in known]
    if unknown:
        fields = dict.fromkeys(unknown, _("Choose one of the options."))
        raise Invalid(_("Some filters name nothing that exists here."), fields=fields)


async def is_case_visible(session: AsyncSession, case_id: UUID, viewer: Viewer) -> bool:
    return await session.scalar(select(Case.id).where(Case.id == case_id, case_visible_to(viewer))) is not None


def narrow_cases(
    codes: Codes,
    *,
    obstacle: str | None = None,
    outcome: str | None = None,
    stage: str | None = None,
    industry: str | None = None,
    product: str | None = None,
) -> list[ColumnElement[bool]]:
    """Conditions on the case, or on the case behind a practice. Codes are given by key.

    The keys are looked up here and not in the select: PostgreSQL plans well only for ids that it knows.
    """
    ids = {(code.kind.value, code.key): code_id for code_id, code in codes.items()}
    conditions: list[ColumnElement[bool]] = []
    if obstacle:
        stuck = select(CaseObstacle.id).where(
            CaseObstacle.organisation_id == Case.organisation_id,
            CaseObstacle.case_id == Case.id,
            CaseObstacle.code_id == ids.get(("obstacle", obstacle), NO_CODE),
        )
        conditions.append(stuck.correlate(Case).exists())
    if outcome:
        conditions.append(Case.outcome_id == ids.get(("outcome", outcome), NO_CODE))
    if stage:
        conditions.append(Case.stage_id == ids.get(("stage", stage), NO_CODE))
    if industry:
        conditions.append(Case.industry_id == ids.get(("industry", industry), NO_CODE))
    if product:
        conditions.append(func.lower(Case.product) == product.lower())
    return conditions


async def list_practices(
    session: AsyncSession,
    viewer: Viewer,
    codes: Codes,
    *,
    cursor: Cursor | None = None,
    limit: int,
    team: UUID | None = None,
    language: str | None = None,
    trust: Trust | None = None,
    **told: str | None,
) -> Page[PracticeRow]:
    """Practices the viewer may see, last surfaced first. `told`: see `narrow_cases`."""
    query = (
        _select_rows(viewer)
        .where(*narrow_cases(codes, **told))
        .order_by(Practice.surfaced_at.desc(), Practice.id.desc())
        .limit(limit + 1)
    )
    if team:
        query = query.where(Practice.team_id == team)
    if language:
        query = query.where(Practice.language == language)
    if trust:
        query = query.where(Practice.trust == trust)
    if cursor:
        query = query.where(tuple_(Practice.surfaced_at, Practice.id) < tuple_(cursor.at, cursor.id))
    rows = [PracticeRow(practice, readable) for practice, readable in await session.execute(query)]
    return cut_page(rows, limit, lambda row: Cursor(row.practice.surfaced_at, row.practice.id))


async def list_to_review(session: AsyncSession, viewer: Viewer) -> Sequence[Practice]:
    """What waits for the managers of its team: flagged ones first, then those nobody has looked at, oldest first."""
    if not viewer.led_team_ids:
        return []
    found = await session.scalars(
        select(Practice)
        .join(Practice.case)
        .where(
            visible_to(viewer),
            Practice.team_id.in_(viewer.led_team_ids),
            Practice.trust.in_([Trust.NEEDS_REVIEW, Trust.NOT_VALIDATED]),
        )
        .order_by(Practice.trust != Trust.NEEDS_REVIEW, Practice.updated_at, Practice.id)
        .limit(REVIEWS_SHOWN)
    )
    return found.all()


@dataclass(frozen=True)
class UseCounts:
    """How often a practice was used: with a known result, with a good one, and still under way."""

    tried: int = 0
    worked: int = 0
    trying: int = 0


NEVER_USED = UseCounts()


async def count_uses(session: AsyncSession, practice_ids: Sequence[UUID]) -> Mapping[UUID, UseCounts]:
    """By practice; one that nobody used is absent."""
    if not practice_ids:
        return {}
    found = await session.execute(
        select(
            PracticeUse.practice_id,
            func.count(PracticeUse.result),
            func.count().filter(PracticeUse.result == UseResult.WORKED),
            func.count().filter(PracticeUse.result.is_(None)),
        )
        .where(PracticeUse.practice_id.in_(practice_ids))
        .group_by(PracticeUse.practice_id)
    )
    return {practice_id: UseCounts(*counts) for practice_id, *counts in found}


async def list_uses(session: AsyncSession, practice_id: UUID) -> Sequence[PracticeUse]:
    """The last uses, with who."""
    found = await session.scalars(
        select(PracticeUse)
        .where(PracticeUse.practice_id == practice_id)
        .options(join_name(PracticeUse.user))
        .order_by(PracticeUse.at.desc(), PracticeUse.id.desc())
        .limit(USES_SHOWN)
    )
    return found.all()


async def find_use(
    session: AsyncSession, practice_id: UUID, user_id: UUID, case_id: UUID | None = None
) -> PracticeUse | None:
    """The use this person speaks of: on the case, or without one that under way, else the last."""
    query = select(PracticeUse).where(PracticeUse.practice_id == practice_id, PracticeUse.user_id == user_id)
    if case_id is not None:
        query = query.where(PracticeUse.case_id == case_id)
    return await session.scalar(query.order_by(PracticeUse.result.is_not(None), PracticeUse.id.desc()).limit(1))


async def list_step_texts(session: AsyncSession, plan: Plan) -> Sequence[str]:
    """What the steps of a plan say, in their order."""
    found = await session.scalars(
        select(PlanStep.text).where(PlanStep.plan_id == plan.id).order_by(PlanStep.position, PlanStep.id)
    )
    return found.all()


async def get_customer(session: AsyncSession, case: Case) -> str:
    """The name of the customer, which no practice may say."""
    return (await session.scalars(select(Deal.customer).where(Deal.id == case.deal_id))).one()


async def list_involved_names(session: AsyncSession, case: Case) -> Sequence[str]:
    """Names of the colleagues who took part in the case."""
    plans = select(Plan.id).where(Plan.case_id == case.id)
    involved = or_(
        User.id.in_([case.owner_id, case.author_id]),
        User.id.in_(select(Hat.user_id).where(Hat.case_id == case.id)),
        User.id.in_(select(Question.asked_by_id).where(Question.case_id == case.id)),
        User.id.in_(select(Question.answered_by_id).where(Question.case_id == case.id)),
        User.id.in_(select(Plan.author_id).where(Plan.case_id == case.id)),
        User.id.in_(select(PlanStep.owner_id).where(PlanStep.plan_id.in_(plans))),
    )
    return (await session.scalars(select(User.name).where(involved).order_by(User.name))).all()


async def list_open_cases(session: AsyncSession, viewer: Viewer) -> Sequence[Case]:
    """The viewer's own open cases, last touched first: where a practice can be used."""
    found = await session.scalars(
        select(Case)
        .where(Case.owner_id.in_(viewer.user_ids), Case.state.in_(OPEN_STATES))
        .order_by(Case.updated_at.desc(), Case.id)
        .limit(OPEN_CASES_SHOWN)
    )
    return found.all()
