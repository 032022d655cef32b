"""Every select on cases. Who may see what is one expression, part of each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload, load_only, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.accounts.models import TeamMember, User
from app.accounts.viewer import Viewer
from app.cases.models import HAT_NAMES, Case, CaseMove, CaseObstacle, Hat, HatStatus, Plan, Question, Visibility
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, CaseFacts, State
from app.core.i18n import gettext as _


def is_private() -> ColumnElement[bool]:
    """A draft, or a draft that was withdrawn without ever being posted."""
    return or_(Case.state == State.DRAFT, and_(Case.state == State.WITHDRAWN, Case.posted_at.is_(None)))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Which cases the viewer may see. Stands in every select that lists, counts, searches or links cases."""
    posted = ~is_private()
    if viewer.user_id is None:
        return or_(Case.client_id == viewer.client_id, and_(posted, Case.visibility == Visibility.EVERYONE))
    me = viewer.user_id
    worn = select(Hat.case_id).where(Hat.user_id == me, Hat.status == HatStatus.ACCEPTED)
    led = select(TeamMember.user_id).where(TeamMember.team_id.in_(viewer.led_team_ids))
    return or_(
        Case.owner_id == me,
        Case.author_id == me,
        and_(
            posted,
            or_(
                Case.visibility == Visibility.EVERYONE,
                and_(Case.visibility == Visibility.TEAM, Case.team_id.in_(viewer.team_ids)),
                and_(Case.visibility == Visibility.RESTRICTED, Case.owner_id.in_(led)),
                Case.id.in_(worn),
            ),
        ),
    )


async def list_readers(session: AsyncSession, case: Case) -> Sequence[User]:
    """Active people who may see this case: the same rule as `visible_to`, from the other side. By name."""
    worn = select(Hat.user_id).where(Hat.case_id == case.id, Hat.status == HatStatus.ACCEPTED)
    members = select(TeamMember.user_id).where(TeamMember.team_id == case.team_id)
    owners_teams = select(TeamMember.team_id).where(TeamMember.user_id == case.owner_id)
    managers = select(TeamMember.user_id).where(TeamMember.leads, TeamMember.team_id.in_(owners_teams))
    readers = [User.id.in_([case.owner_id, case.author_id])]
    if not (case.state is State.DRAFT or (case.state is State.WITHDRAWN and case.posted_at is None)):
        readers.append(User.id.in_(worn))
        match case.visibility:
            case Visibility.EVERYONE:
                readers.append(User.id.is_not(None))
            case Visibility.TEAM:
                readers.append(User.id.in_(members))
            case Visibility.RESTRICTED:
                readers.append(User.id.in_(managers))
    found = await session.scalars(
        select(User).where(or_(*readers), User.deactivated_at.is_(None)).order_by(User.name, User.id)
    )
    return found.all()


def load_all() -> Sequence[ORMOption]:
    """What a case is shown with, besides its questions, plans, hats and moves."""
    return (
        joinedload(Case.owner),
        joinedload(Case.author),
        joinedload(Case.updated_by),
        joinedload(Case.team),
        joinedload(Case.deal),
        joinedload(Case.industry),
        joinedload(Case.stage),
        joinedload(Case.outcome),
        joinedload(Case.chosen_by),
        selectinload(Case.obstacles).joinedload(CaseObstacle.code),
    )


async def find_case(
    session: AsyncSession, case_id: UUID, *allowed: ColumnElement[bool], lock: bool = False
) -> Case | None:
    """The case if it is among the allowed ones, with all that `load_all` names. `lock` keeps other writers waiting."""
    query = select(Case).where(Case.id == case_id, *allowed).options(*load_all())
    if lock:
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


async def is_deal_used(session: AsyncSession, deal_id: UUID) -> bool:
    """Whether any case belongs to the deal."""
    return await session.scalar(select(Case.id).where(Case.deal_id == deal_id).limit(1)) is not None


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
    return CaseFacts(
        state=case.state,
        title=case.title,
        customer=case.deal.customer,
        obstacles=len(case.obstacles),
        situation=case.situation,
        desired_state=case.desired_state,
        answered_questions=answered_questions,
        skip_questions_reason=case.skip_questions_reason,
        plans_with_move=plans_with_move,
        first_plan_switch_rule=switch_rule or "",
        reason=reason,
        outcome_key=case.outcome.key if case.outcome else "",
        outcome_plan_given=case.outcome_plan_id is not None,
        outcome_worked=case.outcome_worked,
        outcome_not_worked=case.outcome_not_worked,
    )


async def list_moves(session: AsyncSession, case_id: UUID) -> Sequence[CaseMove]:
    """Every change of state with who made it, the first one first."""
    found = await session.scalars(
        select(CaseMove).where(CaseMove.case_id == case_id).order_by(CaseMove.id).options(joinedload(CaseMove.user))
    )
    return found.all()


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the viewer: where to do it (a route with its parameters), and since when."""

    kind: str
    text: str
    title: str
    """Of the case; empty while the viewer may not read it."""
    since: datetime
    route: str
    params: dict[str, UUID]
    anchor: str = ""


UNSHARED_AFTER = timedelta(days=7)
WAITING_LIMIT = 50


async def list_waiting(session: AsyncSession, viewer: Viewer, today: date) -> list[Waiting]:
    """What waits for this person, the oldest first; `today` in the person's time zone."""
    if viewer.user_id is None:
        return []
    found = [
        *await _list_questions_to(session, viewer),
        *await _list_hats_asked(session, viewer),
        *await _list_own_due(session, viewer, today),
    ]
    return sorted(found, key=lambda waiting: waiting.since)


async def _list_questions_to(session: AsyncSession, viewer: Viewer) -> list[Waiting]:
    to_me = or_(
        Question.addressed_to_id == viewer.user_id,
        and_(Question.addressed_to_id.is_(None), Case.owner_id == viewer.user_id),
    )
    found = await session.execute(
        select(Question.asked_at, User.name, Case.id, Case.title)
        .join(Case, and_(Case.organisation_id == Question.organisation_id, Case.id == Question.case_id))
        .join(User, and_(User.organisation_id == Question.organisation_id, User.id == Question.asked_by_id))
        .where(to_me, Question.answered_at.is_(None), visible_to(viewer), Case.state != State.WITHDRAWN)
        .order_by(Question.id)
        .limit(WAITING_LIMIT)
    )
    return [
        Waiting(
            "question",
            _("Answer {name}").format(name=name),
            title,
            at,
            "case_detail",
            {"case_id": case_id},
            "questions",
        )
        for at, name, case_id, title in found
    ]


async def _list_hats_asked(session: AsyncSession, viewer: Viewer) -> list[Waiting]:
    """Hats asked of the viewer, and hats that others offer to wear on the viewer's own cases."""
    offered = Hat.asked_by_id == Hat.user_id
    mine = or_(and_(~offered, Hat.user_id == viewer.user_id), and_(offered, Case.owner_id == viewer.user_id))
    wearer, asker = aliased(User), aliased(User)
    found = await session.execute(
        select(Hat, Case.title, visible_to(viewer), wearer.name, asker.name)
        .join(Case, and_(Case.organisation_id == Hat.organisation_id, Case.id == Hat.case_id))
        .join(wearer, and_(wearer.organisation_id == Hat.organisation_id, wearer.id == Hat.user_id))
        .outerjoin(asker, and_(asker.organisation_id == Hat.organisation_id, asker.id == Hat.asked_by_id))
        .where(mine, Hat.status == HatStatus.ASKED, Case.state.in_(OPEN_STATES | CLOSED_STATES))
        .order_by(Hat.id)
        .limit(WAITING_LIMIT)
    )
    return [
        _wait_for_hat(hat, title if readable else "", name, asked_by) for hat, title, readable, name, asked_by in found
    ]


def _wait_for_hat(hat: Hat, title: str, wearer: str, asker: str | None) -> Waiting:
    kind = _(HAT_NAMES[hat.kind])
    if hat.asked_by_id == hat.user_id:
        text = _("{name} offers to be {hat}").format(name=wearer, hat=kind)
    else:
        text = _("{name} asks you to be {hat}").format(name=asker or _("Somebody"), hat=kind)
    return Waiting("hat", text, title, hat.asked_at, "show_hat", {"case_id": hat.case_id, "hat_id": hat.id})


async def _list_own_due(session: AsyncSession, viewer: Viewer, today: date) -> list[Waiting]:
    """Own cases whose switch date or follow-up has come, and those resolved a week ago and not shared."""
    found = await session.execute(
        select(Case, Plan.switch_on)
        .outerjoin(Plan, and_(Plan.organisation_id == Case.organisation_id, Plan.id == Case.chosen_plan_id))
        .where(
            Case.owner_id == viewer.user_id,
            or_(
                and_(Case.state == State.TRYING, or_(Plan.switch_on <= today, Case.follow_up_on <= today)),
                and_(Case.state == State.RESOLVED, Case.resolved_at <= _start_of(today) - UNSHARED_AFTER),
            ),
        )
        .options(load_only(Case.state, Case.title, Case.follow_up_on, Case.resolved_at, Case.moved_at))
        .order_by(Case.moved_at, Case.id)
        .limit(WAITING_LIMIT)
    )
    return [_wait_for_owner(case, switch_on, today) for case, switch_on in found]


def _wait_for_owner(case: Case, switch_on: date | None, today: date) -> Waiting:
    place = ("case_detail", {"case_id": case.id})
    if case.state is State.RESOLVED:
        return Waiting("sharing", _("Share what you learned"), case.title, case.resolved_at or case.moved_at, *place)
    if case.follow_up_on is not None and case.follow_up_on <= today:
        since = _start_of(case.follow_up_on)
        return Waiting("outcome", _("Tell how it went"), case.title, since, *place, "plans")
    assert switch_on is not None
    return Waiting("switch", _("Switch plan, or give it more time"), case.title, _start_of(switch_on), *place, "plans")


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


async def lock_open_cases(session: AsyncSession, owner_id: UUID) -> Sequence[Case]:
    """Every open case of an owner, whoever asks, locked until the transaction ends."""
    found = await session.scalars(
        select(Case).where(Case.owner_id == owner_id, Case.state.in_(OPEN_STATES)).order_by(Case.id).with_for_update()
    )
    return found.all()
