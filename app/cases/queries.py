"""Every select on cases. Who may see what is one expression, part of each of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, column, func, or_, select, table, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.accounts.models import StandIn, TeamMember, User
from app.accounts.queries import is_person, join_name
from app.accounts.stand_ins import select_led
from app.accounts.viewer import Viewer
from app.cases.models import Case, CaseMove, CaseObstacle, Hat, HatStatus, Plan, Question, Visibility
from app.cases.workflow import OPEN_STATES, CaseFacts, State
from app.deals.models import Deal

PRACTICES = table("practices", *(column(name) for name in ("id", "case_id", "audience", "team_id", "solver_id")))
"""Known by name alone: practices are a later feature, and row-level security guards the table like any other."""


def is_private() -> ColumnElement[bool]:
    """A draft, or a draft that was withdrawn without ever being posted."""
    return or_(Case.state == State.DRAFT, and_(Case.state == State.WITHDRAWN, Case.posted_at.is_(None)))


# An expression never changes, and a page needs it several times: it is kept for those who were here last.
@lru_cache(maxsize=256)
def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Which cases the viewer may see. Stands in every select that lists, counts, searches or links cases."""
    posted = ~is_private()
    if viewer.user_id is None:
        return or_(Case.client_id == viewer.client_id, and_(posted, Case.visibility == Visibility.EVERYONE))
    worn = select(Hat.case_id).where(Hat.user_id.in_(viewer.user_ids), Hat.status == HatStatus.ACCEPTED)
    return or_(
        Case.owner_id.in_(viewer.user_ids),
        and_(~posted, Case.author_id.in_(viewer.user_ids)),
        and_(
            posted,
            or_(
                Case.visibility == Visibility.EVERYONE,
                and_(Case.visibility == Visibility.TEAM, Case.team_id.in_(viewer.team_ids)),
                and_(Case.visibility == Visibility.RESTRICTED, Case.owner_id.in_(select_led(viewer.led_team_ids))),
                Case.id.in_(worn),
            ),
        ),
    )


def _reads(case: Case) -> ColumnElement[bool]:
    """Which users may see this case: the same rule as `visible_to`, from the other side."""
    worn = select(Hat.user_id).where(Hat.case_id == case.id, Hat.status == HatStatus.ACCEPTED)
    members = select(TeamMember.user_id).where(TeamMember.team_id == case.team_id)
    behind = select(StandIn.person_id).where(StandIn.user_id == case.owner_id)
    owners_teams = select(TeamMember.team_id).where(
        or_(TeamMember.user_id == case.owner_id, TeamMember.user_id.in_(behind))
    )
    managers = select(TeamMember.user_id).where(TeamMember.leads, TeamMember.team_id.in_(owners_teams))
    readers = [User.id == case.owner_id]
    if case.state is State.DRAFT or (case.state is State.WITHDRAWN and case.posted_at is None):
        readers.append(User.id == case.author_id)
    else:
        readers.append(User.id.in_(worn))
        match case.visibility:
            case Visibility.EVERYONE:
                readers.append(User.id.is_not(None))
            case Visibility.TEAM:
                readers.append(User.id.in_(members))
            case Visibility.RESTRICTED:
                readers.append(User.id.in_(managers))
    return or_(*readers)


class Colleague(NamedTuple):
    """An active person, and whether the person may see the case."""

    id: UUID
    name: str
    reads: bool


async def list_readers(session: AsyncSession, case: Case) -> list[Colleague]:
    """Active people who may see this case, by name."""
    return [colleague for colleague in await list_colleagues(session, case) if colleague.reads]


async def list_colleagues(session: AsyncSession, case: Case) -> list[Colleague]:
    """Everybody who can be asked or handed something, by name."""
    found = await session.execute(
        select(User.id, User.name, _reads(case).label("reads"))
        .where(User.deactivated_at.is_(None), or_(is_person(), User.id.in_([case.owner_id, case.author_id])))
        .order_by(User.name, User.id)
    )
    return [Colleague(*row) for row in found]


@cache
def load_all() -> Sequence[ORMOption]:
    """What a case is shown with, besides its questions, plans, hats and moves."""
    return (
        join_name(Case.owner),
        join_name(Case.author),
        join_name(Case.updated_by),
        joinedload(Case.team),
        joinedload(Case.deal),
        joinedload(Case.industry),
        joinedload(Case.stage),
        joinedload(Case.outcome),
        join_name(Case.chosen_by),
        selectinload(Case.obstacles).joinedload(CaseObstacle.code),
    )


async def find_case(
    session: AsyncSession, case_id: UUID, *allowed: ColumnElement[bool], lock: bool = False
) -> Case | None:
    """The case if it is among the allowed ones, with all that `load_all` names.

    `lock` keeps other writers of the case and of its deal waiting.
    """
    query = select(Case).where(Case.id == case_id, *allowed).options(*load_all())
    if lock:
        # The deal first: whoever changes it goes on to the versions of all its cases, and must not meet somebody there.
        deal = select(Deal.id).join(Case, and_(Case.organisation_id == Deal.organisation_id, Case.deal_id == Deal.id))
        await session.execute(deal.where(Case.id == case_id, *allowed).with_for_update(of=Deal))
        query = query.with_for_update(of=Case).execution_options(populate_existing=True)
    return await session.scalar(query)


async def reload_case(session: AsyncSession, case_id: UUID) -> Case:
    """The case as it stands now in this transaction, loaded anew with all that `load_all` names."""
    query = select(Case).where(Case.id == case_id).options(*load_all()).execution_options(populate_existing=True)
    return (await session.scalars(query)).one()


async def lock_id(session: AsyncSession, case_id: UUID) -> None:
    """Let nobody else make or change the case of this id before this transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(case_id), 0))))


async def case_exists(session: AsyncSession, case_id: UUID) -> bool:
    """Whether the id is taken, by a case that the asker may not see perhaps."""
    return await session.scalar(select(Case.id).where(Case.id == case_id)) is not None


async def may_link_deal(session: AsyncSession, deal_id: UUID, viewer: Viewer) -> bool:
    """Whether a deal is free to get another case: none has it yet, or one that the viewer may see."""
    cases, visible = (
        await session.execute(
            select(func.count(), func.count().filter(visible_to(viewer))).where(Case.deal_id == deal_id)
        )
    ).one()
    return cases == 0 or visible > 0


async def sees_case_of(session: AsyncSession, deal_id: UUID, viewer: Viewer) -> bool:
    """Whether the viewer may see a case of the deal."""
    return await session.scalar(select(Case.id).where(Case.deal_id == deal_id, visible_to(viewer)).limit(1)) is not None


async def find_stand_in(session: AsyncSession, deal_id: UUID, person_id: UUID) -> UUID | None:
    """Who stands in for the person on a case of the deal that was posted without a name."""
    of_deal = select(Case.id).where(Case.deal_id == deal_id)
    stand_ins = select(StandIn.user_id).where(StandIn.person_id == person_id, StandIn.case_id.in_(of_deal))
    return await session.scalar(stand_ins.order_by(StandIn.id).limit(1))


async def find_open_case(session: AsyncSession, deal_id: UUID, viewer: Viewer) -> Case | None:
    """The draft or open case of the deal that was last moved, of those the viewer may see."""
    going_on = Case.state.in_([State.DRAFT, *OPEN_STATES])
    query = select(Case).where(Case.deal_id == deal_id, going_on, visible_to(viewer)).options(*load_all())
    return await session.scalar(query.order_by(Case.moved_at.desc(), Case.id.desc()).limit(1))


async def raise_versions(
    session: AsyncSession, deal: Deal, viewer: Viewer, now: datetime, *, besides: Case | None = None
) -> None:
    """A new version for the cases of a deal that was changed, or for the others: each of them shows it."""
    others = update(Case).where(Case.organisation_id == deal.organisation_id, Case.deal_id == deal.id)
    if besides is not None:
        others = others.where(Case.id != besides.id)
    new = others.values(version=Case.version + 1, updated_by_id=viewer.user_id, updated_at=now)
    await session.execute(new.execution_options(synchronize_session=False))


async def is_deal_used(session: AsyncSession, deal_id: UUID, *, besides: UUID | None = None) -> bool:
    """Whether any case, or any besides this one, belongs to the deal."""
    used = select(Case.id).where(Case.deal_id == deal_id, Case.id.is_distinct_from(besides)).limit(1)
    return await session.scalar(used) is not None


async def find_chosen_letter(session: AsyncSession, case: Case) -> str | None:
    """The letter of the chosen plan."""
    if case.chosen_plan_id is None:
        return None
    return await session.scalar(select(Plan.letter).where(Plan.id == case.chosen_plan_id))


async def wears_hat(session: AsyncSession, case: Case, user_id: UUID, kind: str) -> bool:
    """Whether the user has accepted this hat on the case."""
    worn = select(Hat.id).where(
        Hat.case_id == case.id, Hat.user_id == user_id, Hat.kind == kind, Hat.status == HatStatus.ACCEPTED
    )
    return await session.scalar(worn) is not None


async def read_facts(session: AsyncSession, case: Case, *, reason: str = "") -> CaseFacts:
    """What the guards look at. The case must be loaded with deal and obstacles."""
    answered = select(func.count()).where(Question.case_id == case.id, Question.answered_at.is_not(None))
    plans = select(func.count()).where(Plan.case_id == case.id, Plan.move != "")
    first_rule = select(Plan.switch_rule).where(Plan.case_id == case.id).order_by(Plan.letter, Plan.id).limit(1)
    counted = select(answered.scalar_subquery(), plans.scalar_subquery(), first_rule.scalar_subquery())
    answered_questions, plans_with_move, switch_rule = (await session.execute(counted)).one()
    return describe_facts(case, answered_questions, plans_with_move, switch_rule or "", reason=reason)


def describe_facts(
    case: Case, answered_questions: int, plans_with_move: int, first_plan_switch_rule: str, *, reason: str = ""
) -> CaseFacts:
    """What the guards look at, where questions and plans are known already."""
    return CaseFacts(
        state=case.state,
        title=case.title,
        customer=case.deal.customer,
        obstacles=len(case.obstacles),
        situation=case.situation,
        desired_state=case.desired_state,
        for_a_missing_team=case.visibility == Visibility.TEAM and case.team_id is None,
        answered_questions=answered_questions,
        skip_questions_reason=case.skip_questions_reason,
        plans_with_move=plans_with_move,
        first_plan_switch_rule=first_plan_switch_rule,
        reason=reason,
        outcome_key=case.outcome.key if case.outcome else "",
        outcome_plan_given=case.outcome_plan_id is not None,
        outcome_worked=case.outcome_worked,
        outcome_not_worked=case.outcome_not_worked,
    )


async def list_moves(session: AsyncSession, case_id: UUID) -> Sequence[CaseMove]:
    """Every change of state with who made it, the first one first."""
    found = await session.scalars(
        select(CaseMove).where(CaseMove.case_id == case_id).order_by(CaseMove.id).options(join_name(CaseMove.user))
    )
    return found.all()


async def lock_open_cases(session: AsyncSession, owner_id: UUID) -> Sequence[Case]:
    """Every open case of an owner, whoever asks, locked until the transaction ends."""
    found = await session.scalars(
        select(Case).where(Case.owner_id == owner_id, Case.state.in_(OPEN_STATES)).order_by(Case.id).with_for_update()
    )
    return found.all()


def practice_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Which of PRACTICES the viewer may see, where the select joins their cases."""
    return and_(
        Case.state == State.SHARED,
        or_(
            PRACTICES.c.audience == "everyone",
            PRACTICES.c.team_id.in_(viewer.team_ids),
            PRACTICES.c.solver_id.in_(viewer.user_ids),
        ),
    )


async def find_practice(session: AsyncSession, case: Case, viewer: Viewer) -> UUID | None:
    """The practice made from the case, if the viewer is among its audience."""
    return await session.scalar(
        select(PRACTICES.c.id)
        .join(Case, Case.id == PRACTICES.c.case_id)
        .where(Case.id == case.id, practice_visible_to(viewer))
    )
