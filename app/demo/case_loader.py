"""Writes one demo case with all that hangs on it, dated as if it had happened."""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import (
    Case,
    CaseMove,
    CaseObstacle,
    CodeKind,
    Hat,
    HatKind,
    HatStatus,
    Objection,
    Plan,
    PlanStep,
    Question,
)
from app.cases.workflow import State
from app.comments.service import write_comment
from app.core.db import new_id
from app.core.jobs import BULK, publish
from app.deals.models import Deal
from app.demo.content import DemoCase, DemoPlan, DemoPractice
from app.demo.scene import Scene
from app.practices.models import Practice, PracticeUse, Trust, UseResult

PATH = (State.DRAFT, State.INVESTIGATING, State.CREATING, State.TRYING, State.RESOLVED, State.SHARED)


class CaseLoader:
    """Writes one case with all that hangs on it, dated as if it had happened."""

    def __init__(self, session: AsyncSession, scene: Scene, content: DemoCase) -> None:
        self.session = session
        self.scene = scene
        self.content = content
        self.organisation = {"organisation_id": scene.organisation_id}
        self.owner_id = scene.users[content.owner]
        self.posted_at = scene.days_ago(content.posted_days_ago + 0.2)
        self.moved_at = min(scene.days_ago(content.moved_days_ago + 0.1), scene.now - timedelta(minutes=20))

    async def load(self) -> None:
        deal = self._create_deal()
        self.session.add(deal)
        await self.session.flush()
        case = self._create_case(deal)
        self.session.add(case)
        await self.session.flush()
        self._add_obstacles(case)
        self._add_moves(case)
        self._add_hats(case)
        self._add_questions(case)
        await self._add_plans(case)
        if self.content.practice is not None:
            await self._add_practice(case, self.content.practice)
        await self._add_comments(case)
        await self.session.flush()
        organisation_id = str(self.scene.organisation_id)
        await publish(self.session, "case.changed", queue=BULK, organisation_id=organisation_id, case_id=str(case.id))

    def _code(self, kind: CodeKind, key: str | None) -> UUID | None:
        return None if key is None else self.scene.codes[kind, key]

    def _user(self, key: str | None) -> UUID | None:
        return None if key is None else self.scene.users[key]

    def _create_deal(self) -> Deal:
        deal = self.content.deal
        days = deal.close_in_days
        return Deal(
            **self.organisation,
            id=new_id(),
            owner_id=self.owner_id,
            close_date=None if days is None else (self.scene.now + timedelta(days=days)).date(),
            **deal.model_dump(exclude={"close_in_days"}),
        )

    def _create_case(self, deal: Deal) -> Case:
        content = self.content
        outcome = content.outcome
        posted = content.state is not State.DRAFT
        return Case(
            **self.organisation,
            **content.model_dump(
                include={
                    "title",
                    "situation",
                    "obstacle_words",
                    "worked",
                    "not_worked",
                    "current_state",
                    "desired_state",
                    "product",
                    "tags",
                    "language",
                    "skip_questions_reason",
                    "state",
                    "visibility",
                }
            ),
            id=new_id(),
            owner_id=self.owner_id,
            author_id=self.owner_id,
            updated_by_id=self.owner_id,
            team_id=self.scene.teams[content.team],
            deal_id=deal.id,
            industry_id=self._code(CodeKind.INDUSTRY, content.industry),
            stage_id=self._code(CodeKind.STAGE, content.stage),
            outcome_id=self._code(CodeKind.OUTCOME, outcome.code if outcome else None),
            outcome_worked=outcome.worked if outcome else "",
            outcome_not_worked=outcome.not_worked if outcome else "",
            outcome_current_state=outcome.current_state if outcome else "",
            resolved_at=self.moved_at - timedelta(days=1 if content.practice else 0) if outcome else None,
            created_at=self.posted_at - timedelta(hours=1),
            updated_at=self.moved_at,
            posted_at=self.posted_at if posted else None,
            moved_at=self.moved_at if posted else self.posted_at,
        )

    def _add_obstacles(self, case: Case) -> None:
        for position, key in enumerate(self.content.obstacles):
            code_id = self.scene.codes[CodeKind.OBSTACLE, key]
            self.session.add(CaseObstacle(**self.organisation, case_id=case.id, code_id=code_id, position=position))

    def _add_moves(self, case: Case) -> None:
        reached = self._path()
        span = (self.moved_at - self.posted_at) / max(len(reached) - 2, 1)
        for number, (start, end) in enumerate(pairwise(reached)):
            note = {State.TRYING: self.content.choice.reason if self.content.choice else ""}.get(end, "")
            at = self.posted_at + span * number
            self.session.add(
                CaseMove(
                    **self.organisation,
                    id=new_id(),
                    case_id=case.id,
                    from_state=start,
                    to_state=end,
                    user_id=self.owner_id,
                    at=at,
                    note=self.content.withdrawn_reason if end is State.WITHDRAWN else note,
                )
            )

    def _path(self) -> tuple[State, ...]:
        if self.content.state is not State.WITHDRAWN:
            return PATH[: PATH.index(self.content.state) + 1]
        before = State.CREATING if self.content.plans else State.INVESTIGATING
        return (*PATH[: PATH.index(before) + 1], State.WITHDRAWN)

    def _add_hats(self, case: Case) -> None:
        for hat in self.content.hats:
            if hat.kind is HatKind.OWNER:
                continue
            answered = None if hat.status is HatStatus.ASKED else self.posted_at + timedelta(hours=5)
            self.session.add(
                Hat(
                    **self.organisation,
                    case_id=case.id,
                    user_id=self.scene.users[hat.user],
                    kind=hat.kind,
                    status=hat.status,
                    asked_by_id=self.owner_id,
                    asked_at=self.posted_at + timedelta(hours=1),
                    answered_at=answered,
                )
            )

    def _add_questions(self, case: Case) -> None:
        for number, question in enumerate(self.content.questions):
            asked_at = min(self.posted_at + timedelta(hours=2 + 3 * number), self.scene.now - timedelta(minutes=5))
            answered = bool(question.answer)
            self.session.add(
                Question(
                    **self.organisation,
                    id=new_id(),
                    case_id=case.id,
                    text=question.text,
                    answer=question.answer,
                    asked_by_id=self.scene.users[question.by],
                    asked_at=asked_at,
                    addressed_to_id=self._user(question.to),
                    answered_by_id=self._user(question.to or self.content.owner) if answered else None,
                    answered_at=asked_at + timedelta(hours=1) if answered else None,
                )
            )

    async def _add_comments(self, case: Case) -> None:
        for number, comment in enumerate(self.content.comments):
            at = min(self.moved_at + timedelta(hours=2 + 3 * number), self.scene.now - timedelta(minutes=4))
            await write_comment(self.session, case, comment.text, self.scene.users[comment.by], at)

    async def _add_plans(self, case: Case) -> None:
        plans = {}
        for letter, content in zip("ABCDEF", self.content.plans, strict=False):
            plans[letter] = await self._add_plan(case, letter, content)
        if self.content.choice is not None:
            case.chosen_plan_id = plans[self.content.choice.plan].id
            case.choice_reason = self.content.choice.reason
            case.chosen_by_id = self.scene.users[self.content.choice.by]
            case.follow_up_on = plans[self.content.choice.plan].switch_on
            case.chosen_at = self.posted_at + (self.moved_at - self.posted_at) * 0.6
        if self.content.outcome is not None and self.content.outcome.plan is not None:
            case.outcome_plan_id = plans[self.content.outcome.plan].id

    async def _add_plan(self, case: Case, letter: str, content: DemoPlan) -> Plan:
        days = content.switch_in_days
        written_at = self.posted_at + (self.moved_at - self.posted_at) * 0.4
        plan = Plan(
            **self.organisation,
            **content.model_dump(exclude={"switch_in_days", "by", "steps", "objections"}),
            id=new_id(),
            case_id=case.id,
            letter=letter,
            author_id=self.scene.users[content.by],
            switch_on=None if days is None else (self.scene.now + timedelta(days=days)).date(),
            created_at=written_at,
            updated_at=written_at,
        )
        self.session.add(plan)
        await self.session.flush()
        self._add_steps(plan, content)
        self._add_objections(plan, content, written_at)
        return plan

    def _add_steps(self, plan: Plan, content: DemoPlan) -> None:
        for position, step in enumerate(content.steps):
            days = step.due_in_days
            self.session.add(
                PlanStep(
                    **self.organisation,
                    plan_id=plan.id,
                    position=position,
                    text=step.text,
                    owner_id=self._user(step.owner),
                    due_on=None if days is None else (self.scene.now + timedelta(days=days)).date(),
                    done_at=self.moved_at if step.done else None,
                    done_by_id=self._user(step.owner) if step.done else None,
                )
            )

    def _add_objections(self, plan: Plan, content: DemoPlan, written_at: datetime) -> None:
        for objection in content.objections:
            self.session.add(
                Objection(
                    **self.organisation,
                    id=new_id(),
                    plan_id=plan.id,
                    kind_id=self.scene.codes[CodeKind.OBJECTION, objection.kind],
                    text=objection.text,
                    raised_by_id=self.scene.users[objection.by],
                    raised_at=written_at + timedelta(hours=2),
                    answer=objection.answer,
                    answered_by_id=self._user(objection.answered_by) if objection.answer else None,
                    answered_at=written_at + timedelta(hours=6) if objection.answer else None,
                    was_right=objection.was_right,
                )
            )

    async def _add_practice(self, case: Case, content: DemoPractice) -> None:
        validated = content.validated_by if content.trust is not Trust.NOT_VALIDATED else None
        practice = Practice(
            **self.organisation,
            **content.model_dump(exclude={"validated_by", "uses"}),
            id=new_id(),
            case_id=case.id,
            solver_id=case.owner_id,
            team_id=case.team_id,
            language=self.content.language,
            trust_by_id=self._user(validated),
            trust_at=self.moved_at + timedelta(hours=3) if validated else None,
            shared_at=self.moved_at,
            updated_at=self.moved_at,
        )
        self.session.add(practice)
        await self.session.flush()
        for number, use in enumerate(content.uses):
            at = self.moved_at + (self.scene.now - self.moved_at) * (number + 1) / (len(content.uses) + 1)
            if use.result is UseResult.WORKED:
                practice.surfaced_at = at
            self.session.add(
                PracticeUse(
                    **self.organisation,
                    id=new_id(),
                    practice_id=practice.id,
                    user_id=self.scene.users[use.by],
                    result=use.result,
                    note=use.note,
                    at=at,
                )
            )
