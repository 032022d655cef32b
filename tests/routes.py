"""Every route of the application and something real to ask each for, so that no attack forgets a new one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Team, TeamMember, User
from app.accounts.service import create_key
from app.cases.models import (
    Case,
    CaseMove,
    Code,
    CodeKind,
    Hat,
    HatKind,
    HatStatus,
    Objection,
    PlanStep,
    Revision,
    RevisionKind,
    Visibility,
)
from app.cases.revising import STORY_TEXTS
from app.cases.workflow import State
from app.comments.models import Comment
from app.core.config import Settings
from app.core.db import new_id
from app.exports.models import Export, Scope
from app.feed.models import Mark, News, NewsDecision, Purpose
from app.imports.models import Import, Stage
from app.links.models import CaseLink, LinkKind
from app.main import create_app
from app.notifications.models import Kind, Notification
from app.practices.models import Practice, PracticeUse, UseResult
from app.practices.schemas import STORY_PARTS
from app.similar.models import FeedbackReason, MatchFeedback, SavedSearch, UnansweredSearch
from tests.conftest import SECRET_KEY
from tests.factories import (
    NOW,
    create_attachment,
    create_case,
    create_hat,
    create_plan,
    create_practice,
    create_question,
    create_resolved_case,
    find_code,
)
from tests.world import ADAM, ALICE, BOB, CHARLIE, LENA, MONA, Person


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str
    """As the router knows it, with the names of its parameters."""

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def takes_id(self) -> bool:
        return "{" in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ENDLESS = {"follow_notifications"}
"""Whoever waits for the end of such an answer waits for good."""


def _list_routes() -> Iterator[Route]:
    for context in iter_route_contexts(create_app(Settings(secret_key=SecretStr(SECRET_KEY))).routes):
        if context.name in ENDLESS:
            continue
        for method in sorted((context.methods or set()) - {"HEAD"}):
            assert context.name is not None
            assert context.path_format is not None
            yield Route(context.name, method, context.path_format)


ROUTES = list(_list_routes())
"""All but the mounted files, which take no part in any organisation, and the streams."""


@dataclass
class Things:
    """The ids of things of Alice's organisation: by parameter, and by route where a state is asked for."""

    ids: dict[str, Any]
    special: dict[str, dict[str, Any]] = field(default_factory=dict)

    def address(self, route: Route) -> str:
        """The path of the route; a KeyError says that a new parameter wants something to be filled with."""
        return route.path.format_map(self.ids | self.special.get(route.name, {}))

    @property
    def all_ids(self) -> set[str]:
        every = [self.ids, *self.special.values()]
        return {str(value) for ids in every for name, value in ids.items() if name.endswith("_id")}


def _fill(text: str, *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, text)


def _take_file(session: AsyncSession, text: str) -> Import:
    taken = Import(
        organisation_id=ADAM.organisation_id,
        user_id=ADAM.id,
        created_at=NOW,
        file_name=text,
        data=b"title\nQuiet",
        total=1,
    )
    taken.columns, taken.sample, taken.mapping, taken.stage = [text], [[text]], {"title": 0}, Stage.CHECKED
    taken.errors, taken.failed = [{"row": 2, "fields": {"title": text}}], 1
    session.add(taken)
    return taken


def _write_comment(case: Case, text: str) -> Comment:
    organisation = {"organisation_id": case.organisation_id}
    return Comment(**organisation, case_id=case.id, author_id=ALICE.id, text=f"@{text} {text}", at=NOW)


def _spread_news(session: AsyncSession, text: str) -> News:
    """News that Mona passed on to Alice's team."""
    organisation = {"organisation_id": ALICE.organisation_id}
    news = News(**organisation, id=new_id(), author_id=LENA.id, title=text, text=text, language="en", at=NOW)
    passed = {"team_id": ALICE.team_id, "passes": True, "comment": text, "decided_by_id": MONA.id}
    session.add_all([news, NewsDecision(**organisation, news_id=news.id, at=NOW, **passed)])
    return news


def _search(session: AsyncSession, text: str) -> SavedSearch:
    """A search that Alice keeps; somebody has searched for the same in vain."""
    organisation = {"organisation_id": ALICE.organisation_id}
    saved = SavedSearch(**organisation, user_id=ALICE.id, text=text, created_at=NOW, checked_at=NOW)
    session.add_all([saved, UnansweredSearch(**organisation, text=text, at=NOW)])
    return saved


def _revise(subject: Case | Practice, text: str) -> Revision:
    """What the case or the practice said before."""
    place = {"organisation_id": subject.organisation_id, "subject_id": subject.id, "user_id": ALICE.id, "at": NOW}
    if isinstance(subject, Practice):
        texts = _fill(text, *STORY_PARTS)
        return Revision(**place, case_id=subject.case_id, kind=RevisionKind.PRACTICE, texts=texts)
    return Revision(**place, case_id=subject.id, kind=RevisionKind.STORY, texts=_fill(text, *STORY_TEXTS))


# The deal of the draft.
CRM = {"source": "hubspot", "external_id": "deal-of-alice"}


async def create_things(session: AsyncSession, text: str) -> Things:
    """One of everything, seen by everyone in Alice's organisation, with `text` in every field that takes any."""
    story = _fill(
        text,
        "title",
        "situation",
        "obstacle_words",
        "worked",
        "not_worked",
        "current_state",
        "desired_state",
        "product",
        "skip_questions_reason",
        "choice_reason",
    )
    results = _fill(text, "outcome_worked", "outcome_not_worked", "outcome_current_state")
    organisation = {"organisation_id": ALICE.organisation_id}
    await _rename(session, text)
    options: dict[str, Any] = {"visibility": Visibility.EVERYONE, "customer": text, **story, "tags": [text]}
    options |= {"obstacles": ("silent", "own_words")}
    deal = {"source": text, "external_id": text, "url": f"https://crm.example/{text}"}
    case = await create_case(session, state=State.TRYING, deal=deal, **options)
    question = await create_question(session, case, text=text)
    await create_question(session, case, text=text, answer=text)
    plans = _fill(text, "move", "positioning", "good_customer", "bad_customer", "good_us", "bad_us", "switch_rule")
    plan = await create_plan(session, case, "A", by=ALICE, switch_on=NOW.date(), **plans)
    await create_plan(session, case, "B", **plans)
    case.chosen_plan_id, case.chosen_at, case.chosen_by_id = plan.id, NOW, MONA.id
    step = PlanStep(**organisation, plan_id=plan.id, position=0, text=text, owner_id=BOB.id)
    objection = Objection(
        **organisation,
        plan_id=plan.id,
        kind_id=(await find_code(session, CodeKind.OBJECTION, "tried_before")).id,
        text=text,
        raised_by_id=BOB.id,
        raised_at=NOW,
    )
    move = CaseMove(
        **organisation,
        case_id=case.id,
        from_state=State.CREATING,
        to_state=State.TRYING,
        user_id=BOB.id,
        at=NOW,
        note=text,
    )
    session.add_all([step, objection, move])
    asked: Hat = await create_hat(session, case, BOB, kind=HatKind.EXPERT, status=HatStatus.ASKED)
    attachment = await create_attachment(session, case, f"{text}.png", b"A picture", "image/png")
    draft = await create_case(
        session, state=State.DRAFT, deal=CRM | _fill(text, "title", "pipeline", "stage"), **options
    )
    resolved = await create_resolved_case(session, **options, **results)
    objection.earlier_case_id = resolved.id
    shared = await create_resolved_case(session, **options, **results)
    parts = _fill(
        text, "title", "when_to_use", "what_to_do", "what_to_say", "why_it_worked", "when_not_to", "trust_note"
    )
    practice = await create_practice(session, shared, trust="needs_review", trust_by_id=MONA.id, trust_at=NOW, **parts)
    use = PracticeUse(**organisation, practice_id=practice.id, user_id=BOB.id, result=UseResult.PARTLY, note=text)
    said = MatchFeedback(
        **organisation, user_id=ALICE.id, case_id=resolved.id, reason=FeedbackReason.OUT_OF_DATE, words=text, at=NOW
    )
    session.add_all([use, said])
    asked_for = {"scope": Scope.PERSON, "user_id": ALICE.id, "principal_id": ALICE.id}
    export = Export(**organisation, **asked_for, created_at=NOW, finished_at=NOW)
    mark = Mark(**organisation, user_id=ALICE.id, purpose=Purpose.FOLLOW, tag=text.lower()[:60], at=NOW)
    kept = Mark(**organisation, user_id=ALICE.id, purpose=Purpose.BOOKMARK, practice_id=practice.id, at=NOW)
    session.add_all([export, mark, kept])
    comment, taken = _write_comment(case, text), _take_file(session, text)
    told = Notification(
        **organisation,
        user_id=ALICE.id,
        kind=Kind.QUESTION,
        case_id=case.id,
        subject_id=question.id,
        actor_id=BOB.id,
        at=NOW,
    )
    earlier, earlier_practice = _revise(case, text), _revise(practice, text)
    saved = _search(session, text)
    link = CaseLink(**organisation, case_id=case.id, other_id=resolved.id, kind=LinkKind.RELATED, at=NOW)
    news = _spread_news(session, text)
    session.add_all([link, comment, told, earlier, earlier_practice])
    key, _ = await create_key(session, ALICE.organisation_id, name=text, scopes=["cases:read"], created_by_id=None)
    team = Team(**organisation, name=f"{text} 2")
    session.add(team)
    await session.flush()
    session.add(TeamMember(**organisation, team_id=team.id, user_id=CHARLIE.id))
    in_draft = {"case_id": draft.id}
    in_resolved = {"case_id": resolved.id}
    of_practice = {"case_id": shared.id, "revision_id": earlier_practice.id}
    return Things(
        {
            "case_id": case.id,
            "question_id": question.id,
            "plan_id": plan.id,
            "step_id": step.id,
            "objection_id": objection.id,
            "attachment_id": attachment.id,
            "hat_id": asked.id,
            "practice_id": practice.id,
            "match_id": resolved.id,
            "mark_id": mark.id,
            "comment_id": comment.id,
            "user_id": BOB.id,
            "team_id": team.id,
            "key_id": key.id,
            "export_id": export.id,
            "import_id": taken.id,
            "notification_id": told.id,
            "search_id": saved.id,
            "link_id": link.id,
            "news_id": news.id,
            "code_id": (await find_code(session, CodeKind.OBSTACLE, "silent")).id,
            "revision_id": earlier.id,
            "section": "story",
            "source": CRM["source"],
            "external_id": CRM["external_id"],
            "token": "no-such-token",
        },
        {
            "edit_draft": in_draft,
            "save_draft": in_draft,
            "autosave_draft": in_draft,
            "delete_draft": in_draft,
            "remove_draft": in_draft,
            "post_case": in_draft,
            "restore_practice_revision": of_practice,
            "restore_of_practice": of_practice,
            "share_case": in_resolved,
            "save_share": in_resolved,
        },
    )


async def _rename(session: AsyncSession, text: str) -> None:
    """Let people, a team and a code of Alice's organisation be called by the text, too."""
    for person in (ALICE, BOB):
        user = await session.get(User, (person.organisation_id, person.id))
        assert user is not None
        user.name = text
    team = await session.get(Team, (ALICE.organisation_id, ALICE.team_id))
    assert team is not None
    team.name = text
    own = {"nb": text, "sv": text, "en": text}
    session.add(
        Code(
            organisation_id=ALICE.organisation_id,
            kind=CodeKind.OBSTACLE,
            key="own_words",
            names=own,
            definitions=own,
            position=99,
        )
    )
    await session.flush()


SOON = (NOW.date() + timedelta(days=30)).isoformat()
PERSON = {"name": "Nils Berg", "role": "seller", "teams": [str(ALICE.team_id)], "first_team": str(ALICE.team_id)}
PLAN = {
    "move": "Call the operations manager.",
    "positioning": "You asked whether it copes with night shifts.",
    "good_customer": "An answer before Christmas.",
    "bad_customer": "One more meeting.",
    "good_us": "Somebody who decides.",
    "bad_us": "A week.",
    "effort": "small",
    "switch_rule": "No meeting by Friday.",
    "switch_on": SOON,
    "step_text": ["Find the number"],
    "step_owner": [str(BOB.id)],
    "step_due": [SOON],
    "skip_questions_reason": "We talked it through.",
    "version": "1",
}
STORY = {
    "title": "The terminal went quiet",
    "obstacles": ["silent"],
    "obstacle_words": "Nobody answers.",
    "situation": "They loved the demo.",
    "worked": "The demo.",
    "not_worked": "Mail.",
    "current_state": "Silence.",
    "desired_state": "A meeting.",
    "version": "1",
}
DRAFT = STORY | {
    "customer": "Havnelast AS",
    "amount": "480000",
    "currency": "NOK",
    "close_date": SOON,
    "url": "https://crm.example/1",
    "source": "hubspot",
    "external_id": "1",
    "industry": "construction",
    "stage": "proposal",
    "product": "Rutekart",
    "tags": "port",
    "language": "en",
    "visibility": "team",
    "team_id": str(ALICE.team_id),
    "action": "save",
}
PRACTICE = {
    "title": "Go and see it run",
    "when_to_use": "They went quiet.",
    "what_to_do": "Invite them.",
    "what_to_say": "Come and see one.",
    "why_it_worked": "It costs them an hour.",
    "when_not_to": "When they have seen one.",
    "audience": "everyone",
    "language": "en",
    "confirm_names": "true",
    "names_seen": "Oslo",
    "action": "preview",
    "version": "1",
}
MARK = {"purpose": "follow", "kind": "person", "key": str(BOB.id), "wanted": "true"}
PASSWORDS = {"current": "correct horse battery", "password": "a longer horse battery"}

FORMS: dict[str, dict[str, Any]] = {
    "submit_sign_in": {"email": ALICE.email, "password": "correct horse battery"},
    "choose_organisation": {"organisation_id": str(ALICE.organisation_id), "proof": "none"},
    "sign_out": {},
    "set_preferences": {"language": "en", "theme": "dark", "timezone": "Europe/Oslo"},
    "change_password": PASSWORDS,
    "sign_out_everywhere": {},
    "take_link": {"password": PASSWORDS["password"]},
    "ask_for_link": {"email": ALICE.email},
    "submit_set_up": {"organisation": "Fjord", "team": "Oslo", "name": "Adam", "email": ADAM.email} | PASSWORDS,
    "invite_person": PERSON | {"email": "nils@fjord.example"},
    "change_person": PERSON,
    "create_person_link": {},
    "deactivate_person": {"heir": str(MONA.id)},
    "reactivate_person": {},
    "invite_people": {"addresses": "Nils Berg <nils@fjord.example>", "role": "seller", "teams": [str(ALICE.team_id)]},
    "revoke_invitation": {},
    "create_team": {"name": "Tromsø"},
    "change_team": {"name": "Tromsø", "members": [str(BOB.id)], "leads": []},
    "create_code": {"kind": "stage", "name_nb": "Pilot", "name_sv": "Pilot", "name_en": "Pilot"},
    "change_code": {"name_nb": "Ordene", "name_sv": "Orden", "name_en": "Words"},
    "retire_code": {},
    "restore_code": {},
    "create_key": {"name": "CRM", "scopes": ["cases:read"]},
    "revoke_key": {},
    "upload_import": {},
    "check_import": {"title": "0", "posts": "true"},
    "run_import": {},
    "create_export": {"scope": "person", "user_id": str(ALICE.id)},
    "save_draft": DRAFT,
    "autosave_draft": DRAFT,
    "delete_draft": {},
    "add_attachments": {},
    "delete_attachment": {},
    "save_section": STORY,
    "ask_question": {"text": "Who decides?", "addressed_to_id": str(MONA.id)},
    "answer_question": {"answer": "The operations manager."},
    "skip_questions": {"skip_questions_reason": "We talked it through."},
    "ask_for_hat": {"kind": "expert", "user_id": str(CHARLIE.id)},
    "accept_hat": {},
    "decline_hat": {},
    "remove_hat": {},
    "hand_over": {"owner_id": str(BOB.id)},
    "add_plan": PLAN,
    "change_plan": PLAN,
    "save_choice": {"reason": "She decides.", "follow_up_on": SOON},
    "mark_step_done": {},
    "mark_step_undone": {},
    "raise_objection": {"kind": "tried_before", "text": "We did that in May."},
    "name_earlier_case": {"case_id": "01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11", "q": "the port"},
    "save_answer_to_objection": {"answer": "Not with their own figures."},
    "save_outcome": {
        "outcome": "won_a",
        "plan": "A",
        "worked": "The visit.",
        "not_worked": "Mail.",
        "current_state": "Signed.",
        "follow_up_on": SOON,
    },
    "write_news": {"title": "New night tariff", "text": "From January.", "obstacle": "silent"},
    "pass_news": {"teams": [str(ALICE.team_id)], "comment": "Tell the terminals."},
    "withdraw_news": {},
    "change_marks": MARK,
    "create_address": {"outlet": "feed"},
    "end_address": {"outlet": "feed"},
    "choose_mail": {"weekly": "true", "answer": "weekly", "comment": "off"},
    "end_mail": {},
    "mark_from_case": MARK,
    "mark_from_practice": MARK | {"purpose": "bookmark"},
    "comment_on_case": {"text": "@Bob Fjord, did you meet their director?"},
    "comment_on_practice": {"text": "@Bob Fjord, this is yours."},
    "save_comment": {"text": "@Mona Fjord, did you?"},
    "delete_comment": {},
    "link_case": {"kind": "related", "other_id": "01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11"},
    "unlink_case": {},
    "join_case": {"text": "It is the same with us."},
    "withdraw_case": {"reason": "The customer was bought."},
    "reopen_case": {"reason": "They called."},
    "save_share": PRACTICE,
    "save_practice": PRACTICE,
    "use_practice": {"result": "worked", "note": "In a warehouse."},
    "restore_case_revision": {},
    "restore_practice_revision": {"confirm_names": "true"},
    "set_trust": {"trust": "needs_review", "note": "The rule changed in May."},
    "save_search": {"q": "reason:silent the terminal"},
    "delete_search": {},
    "give_match_feedback": {"reason": "out_of_date", "words": "They have new owners."},
    "take_back_match_feedback": {},
    "mark_notification_read": {},
    "mark_notifications_read": {},
    "ask_solver_of_match": {"text": "How did you get in again?"},
    "words_for_obstacle": {"title": "The terminal went quiet", "situation": "Nobody answers the phone."},
    "similar_while_typing": {"title": "The terminal went quiet", "obstacles": ["silent"], "situation": "Silence."},
}
"""What somebody would send, by the name of the page's route. A route that takes no field has an empty form."""

ACTORS: dict[str, Person] = {"accept_hat": BOB, "decline_hat": BOB, "show_hat": BOB, "hand_over": MONA}
ACTORS |= {"new_news": LENA, "write_news": LENA, "pass_news": MONA, "withdraw_news": LENA}
ACTORS |= dict.fromkeys(("question_to_solver", "ask_solver_of_match", "ask_solver"), BOB)


ADMIN_ROUTES = ("/admin", "/api/v1/audit-events")


def find_actor(route: Route) -> Person:
    """Somebody of Alice's organisation who may do it; what is the admin's is done by the admin."""
    if route.path.endswith("/trust"):
        return MONA
    return ADAM if route.path.startswith(ADMIN_ROUTES) else ACTORS.get(route.name, ALICE)
