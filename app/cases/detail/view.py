"""A case as its page shows it: what is there, and what the viewer may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.stand_ins import find_behind
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.attachments.queries import list_attachments
from app.cases.deps import may_edit
from app.cases.hats.queries import list_hats
from app.cases.hats.service import has_left, may_answer, may_ask, may_remove
from app.cases.models import HAT_NAMES, Attachment, Case, CaseMove, Hat, HatKind, HatStatus, Question
from app.cases.plans.queries import list_plans
from app.cases.plans.view import PlansView, view_plans
from app.cases.questions.queries import list_questions
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, Move, State, find_next, is_possible
from app.core.i18n import gettext as _

WANTED_HATS = (HatKind.SPARRING_PARTNER, HatKind.DECISION_MAKER)
"""Without these the same problems come back, so the page says when nobody wears one."""

Choice = tuple[str, str]


@dataclass(frozen=True)
class HatView:
    hat: Hat
    name: str
    may_answer: bool
    may_remove: bool
    has_left: bool
    """Whether who wears it can no longer sign in."""


@dataclass(frozen=True)
class QuestionView:
    question: Question
    may_answer: bool
    may_change: bool


@dataclass(frozen=True)
class FailedForm:
    """The form on the page that could not be taken: which, what was typed, and what to mend."""

    at: str = ""
    values: Mapping[str, str | list[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def value(self, at: str, name: str) -> str | list[str]:
        return self.values.get(name, "") if at == self.at else ""

    def error(self, at: str, name: str) -> str | None:
        return self.errors.get(name) if at == self.at else None


@dataclass(frozen=True)
class CaseView:
    case: Case
    plans: PlansView
    missing: list[str]
    hats: list[HatView]
    bare_hats: list[str]
    """Names of the hats that nobody wears or was asked to wear."""
    questions: list[QuestionView]
    moves: Sequence[CaseMove]
    attachments: Sequence[Attachment]
    practice_id: UUID | None
    may_edit: bool
    may_manage: bool
    may_ask: bool
    hands_out_hats: bool
    may_skip: bool
    may_withdraw: bool
    may_reopen: bool
    hat_kinds: list[Choice]
    people: list[Choice]
    readers: list[Choice]
    is_hidden: bool
    """Whether the viewer posted this case without a name."""
    behind: str
    """Who did, for that person's own managers."""


async def view_case(session: AsyncSession, case: Case, viewer: Viewer, now: datetime) -> CaseView:
    """Everything on the page of a case."""
    questions, plans, hats = (
        await list_questions(session, case),
        await list_plans(session, case),
        await list_hats(session, case),
    )
    facts = queries.describe_facts(
        case,
        answered_questions=sum(question.answered_at is not None for question in questions),
        plans_with_move=sum(plan.move != "" for plan in plans),
        first_plan_switch_rule=plans[0].switch_rule if plans else "",
    )
    plans_view = await view_plans(session, case, plans, facts, viewer, now)
    edits = may_edit(case, viewer)
    discussed = case.state in OPEN_STATES | CLOSED_STATES
    hands_out = discussed and may_ask(case, viewer)
    colleagues = await queries.list_colleagues(session, case) if discussed else []
    unsparred = bool(plans_view.first_missing) and not case.skip_questions_reason
    return CaseView(
        case=case,
        plans=plans_view,
        missing=[] if case.state is State.RESOLVED else [_(need.message) for need in find_next(facts)[1]],
        hats=[_view_hat(case, hat, viewer) for hat in hats if not _is_owners(case, hat)],
        bare_hats=_list_bare_hats(hats) if case.state in OPEN_STATES else [],
        questions=[_view_question(case, question, viewer) for question in questions],
        moves=await queries.list_moves(session, case.id),
        attachments=await list_attachments(session, case),
        practice_id=await queries.find_practice(session, case, viewer) if case.state is State.SHARED else None,
        may_edit=edits,
        may_manage=viewer.leads(case.team_id),
        may_ask=discussed,
        hands_out_hats=hands_out,
        may_skip=edits and unsparred,
        may_withdraw=edits and is_possible(Move.WITHDRAW, case.state),
        may_reopen=edits and is_possible(Move.REOPEN, case.state),
        hat_kinds=[(kind.value, _(name).capitalize()) for kind, name in HAT_NAMES.items() if kind is not HatKind.OWNER],
        people=[(str(colleague.id), colleague.name) for colleague in colleagues if hands_out],
        readers=[
            (str(colleague.id), colleague.name)
            for colleague in colleagues
            if colleague.reads and colleague.id not in {case.owner_id, *viewer.user_ids}
        ],
        is_hidden=viewer.behind_id is not None,
        behind=await find_behind(session, case.id, viewer.led_team_ids) or "" if case.anonymous else "",
    )


def _view_hat(case: Case, hat: Hat, viewer: Viewer) -> HatView:
    return HatView(
        hat, _(HAT_NAMES[hat.kind]), may_answer(case, hat, viewer), may_remove(case, hat, viewer), has_left(hat)
    )


def _is_owners(case: Case, hat: Hat) -> bool:
    return hat.kind is HatKind.OWNER and hat.user_id == case.owner_id


def _list_bare_hats(hats: Sequence[Hat]) -> list[str]:
    worn = {hat.kind for hat in hats if hat.status is not HatStatus.DECLINED and not has_left(hat)}
    return [_(HAT_NAMES[kind]) for kind in WANTED_HATS if kind not in worn]


def _view_question(case: Case, question: Question, viewer: Viewer) -> QuestionView:
    is_open = case.state is not State.WITHDRAWN
    return QuestionView(
        question,
        may_answer=is_open and question.answered_at is None,
        may_change=is_open and question.answered_by_id in viewer.user_ids,
    )
