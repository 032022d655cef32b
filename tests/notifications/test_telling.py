"""Who is told of what: through the pages and the API, with the worker's jobs run in between."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.cases.models import Case, Hat, HatKind, HatStatus, Visibility
from app.cases.workflow import State
from app.comments.models import Comment
from app.core.jobs import JobEnvironment
from app.core.tenancy import enter_organisation
from app.notifications.jobs import forget_old, tell_what_is_due
from app.notifications.models import Kind, Notification
from tests.conftest import OpenApi, SignIn, WorkOff
from tests.factories import (
    NOW,
    create_case,
    create_hat,
    create_plan,
    create_practice,
    create_question,
    create_resolved_case,
)
from tests.routes import PLAN, PRACTICE, SOON
from tests.world import ALICE, BOB, CAST, CHARLIE, DORA, MONA, Person


async def list_told(session: AsyncSession) -> set[tuple[str, str]]:
    """Who is told, and the kind of what."""
    people = {person.id: person.key for person in CAST}
    rows = await session.execute(select(Notification.user_id, Notification.kind))
    return {(people[user_id], kind.value) for user_id, kind in rows}


async def ask(browser: httpx.AsyncClient, case: Case, to: Person | None = None) -> None:
    data = {"text": "Who decides?", "addressed_to_id": str(to.id) if to else ""}
    assert (await browser.post(f"/cases/{case.id}/questions", data=data)).status_code == 303


async def test_a_question_is_told_to_the_owner_and_its_answer_to_who_asked(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await ask(bob, case)
    await work_off()
    assert await list_told(session) == {("alice", "question")}
    page = (await alice.get("/notifications")).text
    assert "Bob Fjord asks a question" in page
    assert case.title in page
    question_id = await session.scalar(select(Notification.subject_id))
    await alice.post(f"/cases/{case.id}/questions/{question_id}/answer", data={"answer": "The CFO."})
    await work_off()
    assert await list_told(session) == {("alice", "question"), ("bob", "answer")}
    assert "Alice Fjord answered your question" in (await bob.get("/notifications")).text


async def test_a_question_to_somebody_else_is_told_to_both_but_never_to_who_asks(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await ask(bob, case, MONA)
    await ask(alice, case)
    await work_off()
    assert await list_told(session) == {("alice", "question"), ("mona", "question")}


async def test_who_solved_it_is_told_why_they_are_asked(
    session: AsyncSession, work_off: WorkOff, open_api: OpenApi, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    api = await open_api(BOB)
    asked = await api.post(f"/api/v1/matches/{case.id}/questions", json={"text": "How did you get in?"})
    assert asked.status_code == 201
    await work_off()
    assert await list_told(session) == {("alice", "solver_asked")}
    assert "Bob Fjord asks you, who solved it" in (await alice.get("/notifications")).text


async def test_a_hat_is_told_when_asked_for_without_the_case_until_it_is_accepted(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await alice.post(f"/cases/{case.id}/hats", data={"kind": "expert", "user_id": str(CHARLIE.id)})
    await work_off()
    page = (await charlie.get("/notifications")).text
    assert "Alice Fjord asks you to be expert" in page
    assert case.title not in page
    [notification] = (await session.scalars(select(Notification))).all()
    place = await charlie.get(f"/notifications/{notification.id}")
    assert place.headers["location"] == f"/cases/{case.id}/hats/{notification.subject_id}"
    await charlie.post(f"/cases/{case.id}/hats/{notification.subject_id}/accept")
    await work_off()
    assert "Charlie Fjord said yes: expert" in (await alice.get("/notifications")).text
    assert case.title in (await charlie.get("/notifications")).text


async def test_a_declined_hat_and_one_taken_away_are_closed_to_who_may_not_read_the_case(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await alice.post(f"/cases/{case.id}/hats", data={"kind": "expert", "user_id": str(CHARLIE.id)})
    await work_off()
    hat_id = await session.scalar(select(Hat.id))
    await charlie.post(f"/cases/{case.id}/hats/{hat_id}/decline")
    await work_off()
    assert "Charlie Fjord said no: expert" in (await alice.get("/notifications")).text
    assert "Nothing yet" in (await charlie.get("/notifications")).text
    await alice.post(f"/cases/{case.id}/hats/{hat_id}/remove")
    assert "Nothing yet" in (await alice.get("/notifications")).text


async def test_an_offer_is_told_to_the_owner_and_a_takeover_to_who_asked_for_it(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await bob.post(f"/cases/{case.id}/hats", data={"kind": "owner", "user_id": str(BOB.id)})
    await work_off()
    assert "Bob Fjord offers to be owner" in (await alice.get("/notifications")).text
    hat_id = await session.scalar(select(Hat.id))
    await alice.post(f"/cases/{case.id}/hats/{hat_id}/accept")
    await work_off()
    assert "Alice Fjord said yes: owner" in (await bob.get("/notifications")).text


async def test_plans_are_told_to_the_owner(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.CREATING)
    await create_plan(session, case, "A")
    assert (await bob.post(f"/cases/{case.id}/plans/new", data=PLAN)).status_code == 303
    await work_off()
    assert await list_told(session) == {("alice", "plan_proposed")}
    plan_id = await session.scalar(select(Notification.subject_id))
    chosen = {"reason": "She decides.", "follow_up_on": SOON}
    assert (await mona.post(f"/cases/{case.id}/plans/{plan_id}/choose", data=chosen)).status_code == 303
    await work_off()
    assert await list_told(session) == {("alice", "plan_proposed"), ("alice", "plan_chosen")}
    assert "Mona Fjord chose a plan" in (await alice.get("/notifications")).text


async def test_the_end_and_what_was_learned_are_told_to_who_took_part(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.TRYING)
    await create_case(session, owner=BOB)
    await create_hat(session, case, CHARLIE)
    await create_hat(session, case, BOB, kind=HatKind.EXPERT, status=HatStatus.DECLINED)
    await create_plan(session, case, "A", by=MONA)
    told = {"outcome": "won_a", "plan": "A", "worked": "The visit.", "not_worked": "", "current_state": "Signed."}
    assert (await alice.post(f"/cases/{case.id}/outcome", data=told)).status_code == 303
    await work_off()
    assert await list_told(session) == {("charlie", "case_resolved"), ("mona", "case_resolved")}
    assert (await alice.post(f"/cases/{case.id}/share", data=PRACTICE | {"action": "share"})).status_code == 303
    await work_off()
    assert ("mona", "case_shared") in await list_told(session)


async def test_a_use_is_told_to_who_solved_it_and_told_again_when_it_is_known_how_it_went(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    practice = await create_practice(session, await create_resolved_case(session))
    own = await create_case(session, owner=CHARLIE)
    basis = PLAN | {"basis_practice_id": str(practice.id)}
    assert (await charlie.post(f"/cases/{own.id}/plans/new", data=basis)).status_code == 303
    await work_off()
    assert "Charlie Fjord is trying your practice" in (await alice.get("/notifications")).text
    await alice.post("/notifications/read")
    await charlie.post(f"/practices/{practice.id}/uses", data={"result": "worked", "note": ""})
    await work_off()
    assert await list_told(session) == {("alice", "practice_used")}
    page = (await alice.get("/notifications")).text
    assert "Charlie Fjord used your practice, and it worked" in page
    assert "Unread" in page


async def test_an_outcome_that_is_due_is_told_once_and_again_after_it_was_put_off(
    session: AsyncSession, environment: JobEnvironment, alice: httpx.AsyncClient
) -> None:
    today = datetime.now(UTC).date()
    due = await create_case(session, state=State.TRYING, follow_up_on=today - timedelta(days=2))
    await create_case(session, state=State.TRYING, follow_up_on=today + timedelta(days=2), title="Not yet")
    await create_case(session, state=State.TRYING, follow_up_on=today - timedelta(days=200), title="Long ago")
    await create_case(session, state=State.RESOLVED, follow_up_on=today - timedelta(days=2), title="Known")
    for _hour in range(2):
        await tell_what_is_due(environment)
    page = (await alice.get("/notifications")).text
    assert page.count("Tell how it went") == 1
    await alice.post("/notifications/read")
    await tell_what_is_due(environment)
    await enter_organisation(session, ALICE.organisation_id)
    due.follow_up_on = today - timedelta(days=1)
    await session.flush()
    assert (await alice.get("/api/v1/notifications?unread=true")).json()["items"] == []
    await tell_what_is_due(environment)
    [told] = (await alice.get("/api/v1/notifications?unread=true")).json()["items"]
    assert (told["kind"], told["case_id"], told["by"]) == ("outcome_due", str(due.id), None)


async def test_what_one_may_not_see_any_more_is_neither_told_nor_counted(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    await ask(bob, case)
    await work_off()
    question_id = await session.scalar(select(Notification.subject_id))
    await alice.post(f"/cases/{case.id}/questions/{question_id}/answer", data={"answer": "The CFO."})
    await work_off()
    assert (await bob.get("/api/v1/notifications")).json()["unread"] == 1
    notification_id = await session.scalar(select(Notification.id).where(Notification.user_id == BOB.id))
    case.visibility = Visibility.RESTRICTED
    await session.flush()
    assert (await bob.get("/api/v1/notifications")).json() == {"items": [], "next_cursor": None, "unread": 0}
    assert (await bob.get(f"/notifications/{notification_id}")).status_code == 404
    assert case.title not in (await bob.get("/notifications")).text


async def test_nobody_who_has_left_is_told(session: AsyncSession, work_off: WorkOff, bob: httpx.AsyncClient) -> None:
    case = await create_case(session)
    await session.execute(update(User).where(User.id == ALICE.id).values(deactivated_at=NOW))
    await ask(bob, case)
    await work_off()
    assert await list_told(session) == set()


async def add_notification(session: AsyncSession, case: Case, at: datetime, person: Person = ALICE) -> UUID:
    question = await create_question(session, case, by=BOB)
    row = Notification(
        organisation_id=case.organisation_id,
        user_id=person.id,
        kind=Kind.QUESTION,
        case_id=case.id,
        subject_id=question.id,
        actor_id=BOB.id,
        at=at,
    )
    session.add(row)
    await session.flush()
    return row.id


async def test_what_was_told_is_forgotten_after_ninety_days(session: AsyncSession, environment: JobEnvironment) -> None:
    case = await create_case(session)
    now = datetime.now(UTC)
    kept = await add_notification(session, case, now - timedelta(days=89))
    await add_notification(session, case, now - timedelta(days=91))
    await forget_old(environment)
    await enter_organisation(session, ALICE.organisation_id)
    assert (await session.scalars(select(Notification.id))).all() == [kept]


async def test_unread_ones_come_first_and_each_is_marked_alone_or_all_at_once(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    ids = [await add_notification(session, case, NOW + timedelta(hours=hour)) for hour in range(3)]
    assert ">3 unread<" in (await alice.get("/")).text
    assert (await alice.post(f"/notifications/{ids[2]}/read")).headers["location"] == "/notifications"
    page = (await alice.get("/notifications")).text
    places = [page.index(f'"/notifications/{told}"') for told in ids]
    assert places[1] < places[0] < places[2]
    assert page.index("Unread") < places[0] < page.index("Earlier") < places[2]
    opened = await alice.get(f"/notifications/{ids[1]}")
    assert opened.headers["location"] == f"/cases/{case.id}#questions"
    assert ">1 unread<" in (await alice.get("/cases")).text
    await alice.post("/notifications/read")
    assert "unread<" not in (await alice.get("/cases")).text


async def test_the_api_lists_by_cursor_and_marks(
    session: AsyncSession, open_api: OpenApi, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    ids = [str(await add_notification(session, case, NOW + timedelta(hours=hour))) for hour in range(3)]
    api = await open_api(ALICE)
    first = (await api.get("/api/v1/notifications?limit=2")).json()
    assert [item["id"] for item in first["items"]] == [ids[2], ids[1]]
    assert first["items"][0]["text"] == "Bob Fjord asks a question"
    rest = (await api.get(f"/api/v1/notifications?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in rest["items"]] == ids[:1]
    marked = await api.post(f"/api/v1/notifications/{ids[0]}/read")
    again = await api.post(f"/api/v1/notifications/{ids[0]}/read")
    assert marked.json()["read_at"] == again.json()["read_at"] is not None
    assert (await api.get("/api/v1/notifications?unread=true")).json()["unread"] == 2
    assert (await api.post("/api/v1/notifications/read")).json() == {"unread": 0}
    program = await open_api(ALICE, "cases:read", act_as=False)
    assert (await program.get("/api/v1/notifications")).status_code == 403


@pytest.mark.parametrize("person", [BOB, MONA, DORA], ids=lambda person: person.key)
async def test_what_one_is_told_is_nobody_elses(session: AsyncSession, person: Person, sign_in: SignIn) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    told = await add_notification(session, case, NOW)
    browser = await sign_in(person)
    assert (await browser.get(f"/notifications/{told}")).status_code == 404
    assert (await browser.post(f"/notifications/{told}/read")).status_code == 404
    assert (await browser.post(f"/api/v1/notifications/{told}/read")).status_code == 404
    assert (await browser.post("/notifications/read")).status_code == 303
    await enter_organisation(session, ALICE.organisation_id)
    assert await session.scalar(select(Notification.read_at)) is None


async def follow(browser: httpx.AsyncClient, kind: str, key: str) -> None:
    data = {"purpose": "follow", "kind": kind, "key": key}
    assert (await browser.post("/marks", data=data)).status_code == 303


async def test_a_comment_is_told_to_who_is_named_to_the_owner_and_to_who_follows_each_once(
    session: AsyncSession,
    work_off: WorkOff,
    alice: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    mona: httpx.AsyncClient,
) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    for browser in (bob, mona):
        await follow(browser, "case", str(case.id))
    await mona.post(f"/cases/{case.id}/comments", data={"text": "@Bob Fjord and @Bergen, seen this before?"})
    await work_off()
    assert await list_told(session) == {
        ("alice", "comment"),
        ("bob", "mention"),
        ("charlie", "mention"),
        ("lena", "mention"),
        ("adam", "mention"),
    }
    assert "Mona Fjord mentions you" in (await bob.get("/notifications")).text
    told_id = await session.scalar(select(Notification.id).where(Notification.user_id == ALICE.id))
    assert (await alice.get(f"/notifications/{told_id}")).headers["location"] == f"/cases/{case.id}#comments"


async def test_a_changed_comment_is_told_to_whom_it_names_anew_and_a_deleted_one_to_nobody(
    session: AsyncSession, work_off: WorkOff, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await mona.post(f"/cases/{case.id}/comments", data={"text": "Seen this before?"})
    await work_off()
    comment_id = await session.scalar(select(Comment.id))
    await mona.post(f"/comments/{comment_id}/edit", data={"text": "Seen this before, @Bob?"})
    await work_off()
    assert await list_told(session) == {("alice", "comment"), ("bob", "mention")}
    await bob.post("/notifications/read")
    await mona.post(f"/comments/{comment_id}/edit", data={"text": "Seen this before, @Bob Fjord?"})
    await work_off()
    assert (await bob.get("/api/v1/notifications")).json()["unread"] == 0
    await mona.post(f"/comments/{comment_id}/delete")
    assert (await bob.get("/api/v1/notifications")).json()["items"] == []


async def test_a_comment_on_a_practice_is_told_to_who_solved_it(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    practice = await create_practice(session, await create_resolved_case(session))
    await charlie.post(f"/practices/{practice.id}/comments", data={"text": "Works at home, too."})
    await work_off()
    assert "Charlie Fjord comments" in (await alice.get("/notifications")).text
    [told] = (await session.scalars(select(Notification))).all()
    opened = await alice.get(f"/notifications/{told.id}")
    assert opened.headers["location"] == f"/practices/{practice.id}#comments"


@pytest.mark.parametrize(
    ("kind", "key"),
    [("person", str(ALICE.id)), ("team", str(ALICE.team_id)), ("obstacle", "silent"), ("tag", "renewal")],
    ids=["person", "team", "obstacle", "tag"],
)
async def test_who_follows_hears_of_new_cases_they_may_see(
    session: AsyncSession,
    work_off: WorkOff,
    kind: str,
    key: str,
    alice: httpx.AsyncClient,
    bob: httpx.AsyncClient,
    charlie: httpx.AsyncClient,
) -> None:
    for browser in (bob, charlie):
        await follow(browser, kind, key)
    draft = await create_case(session, state=State.DRAFT, tags=["Renewal"])
    await create_case(session, owner=CHARLIE, obstacles=("other",))
    api = await alice.post(f"/api/v1/cases/{draft.id}/post")
    assert api.status_code == 200, api.text
    await work_off()
    assert "Alice Fjord posted a case" in (await bob.get("/notifications")).text
    assert (await charlie.get("/api/v1/notifications")).json() == {"items": [], "next_cursor": None, "unread": 0}


async def test_who_follows_a_case_hears_of_its_choice_and_that_it_is_taken_up_again(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case, "A")
    await create_plan(session, case, "B")
    await follow(bob, "case", str(case.id))
    await alice.post(f"/cases/{case.id}/plans/{plan.id}/choose", data={"reason": "Quick.", "follow_up_on": SOON})
    await work_off()
    assert await list_told(session) == {("bob", "plan_chosen")}
    ended = await create_resolved_case(session)
    await follow(bob, "case", str(ended.id))
    await alice.post(f"/cases/{ended.id}/reopen", data={"reason": "They said no after all."})
    await work_off()
    assert await list_told(session) == {("bob", "plan_chosen"), ("bob", "case_reopened"), ("mona", "case_reopened")}


async def test_who_wrote_the_case_hears_that_a_plan_was_started_from_it(
    session: AsyncSession, work_off: WorkOff, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    basis = await create_resolved_case(session)
    own = await create_case(session, owner=BOB, state=State.CREATING)
    data = PLAN | {"basis_case_id": str(basis.id)}
    assert (await bob.post(f"/cases/{own.id}/plans/new", data=data)).status_code == 303
    await work_off()
    [told] = (await alice.get("/api/v1/notifications")).json()["items"]
    assert (told["text"], told["case_id"]) == ("Bob Fjord started a plan from your case", str(basis.id))


async def test_a_flag_is_told_to_who_solved_it_and_who_manages_and_a_change_to_who_follows(
    session: AsyncSession,
    work_off: WorkOff,
    alice: httpx.AsyncClient,
    charlie: httpx.AsyncClient,
    mona: httpx.AsyncClient,
) -> None:
    practice = await create_practice(session, await create_resolved_case(session))
    flagged = {"trust": "needs_review", "note": "The rule changed in May."}
    assert (await charlie.post(f"/practices/{practice.id}/trust", data=flagged)).status_code == 303
    await work_off()
    assert await list_told(session) == {("alice", "practice_flagged"), ("mona", "practice_flagged")}
    assert "Charlie Fjord asks for a review" in (await mona.get("/notifications")).text
    await follow(charlie, "practice", str(practice.id))
    api = await alice.get(f"/api/v1/practices/{practice.id}")
    changed = await alice.patch(
        f"/api/v1/practices/{practice.id}",
        json={"when_not_to": "After May."},
        headers={"If-Match": api.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    await work_off()
    assert ("charlie", "practice_changed") in await list_told(session)


@pytest.mark.parametrize(
    ("kind", "key"), [("person", str(ALICE.id)), ("team", str(ALICE.team_id)), ("obstacle", "silent"), ("tag", "anbud")]
)
async def test_who_follows_hears_how_it_ended(
    kind: str, key: str, session: AsyncSession, work_off: WorkOff, open_api: OpenApi, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, state=State.TRYING, tags=["Anbud"], visibility=Visibility.EVERYONE)
    followed = await (await open_api(CHARLIE)).post("/api/v1/marks", json={"kind": kind, "key": key})
    assert followed.status_code in {200, 201}
    outcome = {"outcome": "won_a", "plan": "A", "worked": "A visit.", "not_worked": "", "current_state": "Signed."}
    assert (await alice.post(f"/cases/{case.id}/outcome", data=outcome)).status_code == 303
    await work_off()
    assert ("charlie", "case_resolved") in await list_told(session)
