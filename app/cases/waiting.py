"""What waits for a person in the cases: questions, hats, and what is due on own ones."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import StandIn, User
from app.accounts.queries import is_person
from app.accounts.stand_ins import select_led
from app.accounts.viewer import Viewer
from app.cases.models import HAT_NAMES, Case, Hat, HatStatus, Plan, Question
from app.cases.queries import visible_to
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, State
from app.core.i18n import gettext as _

WaitingKind = Literal["question", "hat", "outcome", "switch", "sharing", "review", "left", "news"]


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the viewer: where to do it (a route with its parameters), and since when."""

    kind: WaitingKind
    text: str
    title: str
    """Of the case; empty while the viewer may not read it."""
    since: datetime
    route: str
    params: dict[str, UUID]
    anchor: str = ""


UNSHARED_AFTER = timedelta(days=7)
WAITING_LIMIT = 50

DueCase = Row[UUID, State, str, date | None, datetime | None, datetime, date | None]


async def list_waiting(session: AsyncSession, viewer: Viewer, today: date) -> list[Waiting]:
    """What waits for this person, the oldest first; `today` in the person's time zone."""
    if viewer.user_id is None:
        return []
    found = [
        *await _list_questions_to(session, viewer),
        *await _list_hats_asked(session, viewer),
        *await _list_left_behind(session, viewer),
        *await _list_own_due(session, viewer, today),
    ]
    return sorted(found, key=lambda waiting: waiting.since)


async def _list_questions_to(session: AsyncSession, viewer: Viewer) -> list[Waiting]:
    to_me = or_(
        Question.addressed_to_id.in_(viewer.user_ids),
        and_(Question.addressed_to_id.is_(None), Case.owner_id.in_(viewer.user_ids)),
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
    mine = or_(and_(~offered, Hat.user_id.in_(viewer.user_ids)), and_(offered, Case.owner_id.in_(viewer.user_ids)))
    wearer, asker = aliased(User), aliased(User)
    found = await session.execute(
        select(
            Hat.id,
            Hat.case_id,
            Hat.kind,
            Hat.asked_at,
            offered,
            Case.title,
            visible_to(viewer),
            wearer.name,
            asker.name,
        )
        .join(Case, and_(Case.organisation_id == Hat.organisation_id, Case.id == Hat.case_id))
        .join(wearer, and_(wearer.organisation_id == Hat.organisation_id, wearer.id == Hat.user_id))
        .outerjoin(asker, and_(asker.organisation_id == Hat.organisation_id, asker.id == Hat.asked_by_id))
        .where(mine, Hat.status == HatStatus.ASKED, Case.state.in_(OPEN_STATES | CLOSED_STATES))
        .order_by(Hat.id)
        .limit(WAITING_LIMIT)
    )
    return [
        Waiting(
            "hat",
            _name_hat_asked(_(HAT_NAMES[kind]), by=asked_by, offered_by=wears if offers else None),
            title if readable else "",
            at,
            "show_hat",
            {"case_id": case_id, "hat_id": hat_id},
        )
        for hat_id, case_id, kind, at, offers, title, readable, wears, asked_by in found
    ]


def _name_hat_asked(hat: str, *, by: str | None, offered_by: str | None) -> str:
    if offered_by is not None:
        return _("{name} offers to be {hat}").format(name=offered_by, hat=hat)
    return _("{name} asks you to be {hat}").format(name=by or _("Somebody"), hat=hat)


async def _list_left_behind(session: AsyncSession, viewer: Viewer) -> list[Waiting]:
    """Hats on open cases whose wearer has left, for the owner and the team's managers; for the managers also cases
    whose owner left before sharing them.
    """
    led = Case.team_id.in_(viewer.led_team_ids)
    hat_left = and_(
        Hat.status == HatStatus.ACCEPTED, Case.state.in_(OPEN_STATES), or_(led, Case.owner_id.in_(viewer.user_ids))
    )
    hats = (
        select(User.name, User.deactivated_at, Case.id, Case.title, Hat.kind)
        .join_from(Hat, Case, and_(Case.organisation_id == Hat.organisation_id, Case.id == Hat.case_id))
        .join(User, and_(User.organisation_id == Hat.organisation_id, User.id == Hat.user_id))
        .where(User.deactivated_at.is_not(None), hat_left, visible_to(viewer))
        .order_by(User.deactivated_at, Hat.id)
        .limit(WAITING_LIMIT)
    )
    behind = aliased(User)
    left_at = func.coalesce(User.deactivated_at, behind.deactivated_at)
    cases = (
        select(User.name, left_at, Case.id, Case.title)
        .join_from(Case, User, and_(User.organisation_id == Case.organisation_id, User.id == Case.owner_id))
        .outerjoin(StandIn, and_(StandIn.organisation_id == User.organisation_id, StandIn.user_id == User.id))
        .outerjoin(behind, and_(behind.organisation_id == StandIn.organisation_id, behind.id == StandIn.person_id))
        .where(
            left_at.is_not(None),
            led,
            or_(is_person(), User.id.in_(select_led(viewer.led_team_ids))),
            Case.state.in_({*OPEN_STATES, State.RESOLVED}),
            visible_to(viewer),
        )
        .order_by(left_at, Case.id)
        .limit(WAITING_LIMIT)
    )
    hats_left = [
        _wait_for_heir(
            _("{name} has left: find another {hat}").format(name=name, hat=_(HAT_NAMES[kind])), at, case_id, title
        )
        for name, at, case_id, title, kind in await session.execute(hats)
    ]
    cases_left = [
        _wait_for_heir(_("{name} has left: hand the case over").format(name=name), at, case_id, title)
        for name, at, case_id, title in await session.execute(cases)
    ]
    return hats_left + cases_left


def _wait_for_heir(text: str, since: datetime | None, case_id: UUID, title: str) -> Waiting:
    assert since is not None
    return Waiting("left", text, title, since, "case_detail", {"case_id": case_id}, "hats")


async def _list_own_due(session: AsyncSession, viewer: Viewer, today: date) -> list[Waiting]:
    """Own cases that are due, and those resolved a week ago and not shared.

    A passed switch date waits for the day of the follow-up: the owner has put it off to then.
    """
    due = or_(Case.follow_up_on <= today, and_(Case.follow_up_on.is_(None), Plan.switch_on <= today))
    found = await session.execute(
        select(Case.id, Case.state, Case.title, Case.follow_up_on, Case.resolved_at, Case.moved_at, Plan.switch_on)
        .outerjoin(Plan, and_(Plan.organisation_id == Case.organisation_id, Plan.id == Case.chosen_plan_id))
        .where(
            Case.owner_id.in_(viewer.user_ids),
            or_(
                and_(Case.state == State.TRYING, due),
                and_(Case.state == State.RESOLVED, Case.resolved_at <= _start_of(today) - UNSHARED_AFTER),
            ),
        )
        .order_by(Case.moved_at, Case.id)
        .limit(WAITING_LIMIT)
    )
    return [_wait_for_owner(case, today) for case in found]


def _wait_for_owner(case: DueCase, today: date) -> Waiting:
    place = ("case_detail", {"case_id": case.id})
    if case.state is State.RESOLVED:
        return Waiting("sharing", _("Share what you learned"), case.title, case.resolved_at or case.moved_at, *place)
    since = _start_of(case.follow_up_on or case.switch_on or today)
    if case.switch_on is not None and case.switch_on <= today:
        return Waiting("switch", _("Switch plan, or give it more time"), case.title, since, *place, "plans")
    return Waiting("outcome", _("Tell how it went"), case.title, since, *place, "plans")


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
