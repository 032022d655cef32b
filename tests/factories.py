"""Rows for tests, straight into the tables: a test says only what matters to it."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import (
    Attachment,
    Case,
    CaseObstacle,
    Code,
    CodeKind,
    Hat,
    HatKind,
    HatStatus,
    Plan,
    PlanStep,
    Question,
    Visibility,
)
from app.cases.workflow import State
from app.core.tenancy import enter_organisation
from app.deals.models import Deal
from app.practices.models import Practice
from tests.world import ALICE, BOB, MONA, Person

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


async def find_code(session: AsyncSession, kind: CodeKind, key: str) -> Code:
    return (await session.scalars(select(Code).where(Code.kind == kind, Code.key == key))).one()


async def create_case(
    session: AsyncSession,
    *,
    owner: Person = ALICE,
    state: State = State.INVESTIGATING,
    visibility: Visibility = Visibility.TEAM,
    obstacles: tuple[str, ...] = ("silent",),
    customer: str = "Havnelast AS",
    deal: dict[str, Any] | None = None,
    **fields: Any,
) -> Case:
    """A case of the owner's first team, complete enough to be posted."""
    await enter_organisation(session, owner.organisation_id)
    organisation = {"organisation_id": owner.organisation_id}
    deal_row = Deal(**organisation, customer=customer, owner_id=owner.id, **(deal or {}))
    session.add(deal_row)
    await session.flush()
    texts: dict[str, Any] = {
        "title": "Port terminal went quiet after the demo",
        "situation": "They loved the demo three weeks ago. Since then nobody answers mail or phone.",
        "desired_state": "A meeting with the operations manager before Christmas.",
        "language": "en",
        "moved_at": NOW,
    }
    case = Case(
        **organisation,
        **(texts | fields),
        state=state,
        visibility=visibility,
        owner_id=owner.id,
        author_id=owner.id,
        team_id=owner.team_id,
        deal_id=deal_row.id,
        posted_at=None if state is State.DRAFT else NOW,
    )
    session.add(case)
    await session.flush()
    for position, key in enumerate(obstacles):
        code = await find_code(session, CodeKind.OBSTACLE, key)
        session.add(CaseObstacle(**organisation, case_id=case.id, code_id=code.id, position=position))
    await session.flush()
    await enter_organisation(session, ALICE.organisation_id)
    return case


async def create_attachment(
    session: AsyncSession, case: Case, name: str, content: bytes, media_type: str
) -> Attachment:
    attachment = Attachment(
        organisation_id=case.organisation_id,
        case_id=case.id,
        name=name,
        media_type=media_type,
        size=len(content),
        content=content,
        added_by_id=case.owner_id,
        added_at=NOW,
    )
    session.add(attachment)
    await session.flush()
    return attachment


async def create_hat(
    session: AsyncSession,
    case: Case,
    person: Person,
    *,
    kind: HatKind = HatKind.SPARRING_PARTNER,
    status: HatStatus = HatStatus.ACCEPTED,
) -> Hat:
    hat = Hat(
        organisation_id=case.organisation_id,
        case_id=case.id,
        user_id=person.id,
        kind=kind,
        status=status,
        asked_by_id=case.owner_id,
        asked_at=NOW,
    )
    session.add(hat)
    await session.flush()
    return hat


async def create_question(
    session: AsyncSession, case: Case, *, by: Person = BOB, text: str = "Who gains if they change?", answer: str = ""
) -> Question:
    question = Question(
        organisation_id=case.organisation_id,
        case_id=case.id,
        text=text,
        asked_by_id=by.id,
        asked_at=NOW,
        answer=answer,
        answered_by_id=case.owner_id if answer else None,
        answered_at=NOW if answer else None,
    )
    session.add(question)
    await session.flush()
    return question


async def create_plan(
    session: AsyncSession,
    case: Case,
    letter: str = "A",
    *,
    by: Person = MONA,
    steps: tuple[str, ...] = (),
    **fields: Any,
) -> Plan:
    texts: dict[str, Any] = {
        "move": f"Plan {letter}: call the operations manager.",
        "switch_rule": "No meeting by Friday.",
    }
    plan = Plan(
        organisation_id=case.organisation_id, case_id=case.id, letter=letter, author_id=by.id, **(texts | fields)
    )
    session.add(plan)
    await session.flush()
    for position, text in enumerate(steps):
        session.add(PlanStep(organisation_id=case.organisation_id, plan_id=plan.id, position=position, text=text))
    await session.flush()
    return plan


async def create_resolved_case(
    session: AsyncSession, *, outcome: str = "won_a", state: State = State.RESOLVED, **fields: Any
) -> Case:
    """A case that was tried and ended, with plans A and B."""
    code = await find_code(session, CodeKind.OUTCOME, outcome)
    results: dict[str, Any] = {
        "outcome_worked": "The operations manager came to the port and saw it run.",
        "resolved_at": NOW,
    }
    case = await create_case(session, state=state, outcome_id=code.id, **(results | fields))
    plan = await create_plan(session, case, "A")
    await create_plan(session, case, "B")
    case.chosen_plan_id, case.chosen_by_id, case.chosen_at = plan.id, MONA.id, NOW
    case.outcome_plan_id = plan.id
    await session.flush()
    return case


async def create_practice(session: AsyncSession, case: Case, **fields: Any) -> Practice:
    texts: dict[str, Any] = {
        "title": "Bring the silent buyer back with a visit on site",
        "when_to_use": "They liked the demo and then went quiet.",
        "what_to_do": "Invite the operations manager to see it run at another site.",
        "what_to_say": "You asked whether it copes with night shifts: come and see one.",
        "why_it_worked": "A visit costs them an hour and answers the doubt that kept them silent.",
        "language": "en",
        "shared_at": NOW,
    }
    practice = Practice(
        organisation_id=case.organisation_id,
        case_id=case.id,
        solver_id=case.owner_id,
        team_id=case.team_id,
        **(texts | fields),
    )
    session.add(practice)
    case.state = State.SHARED
    await session.flush()
    return practice
