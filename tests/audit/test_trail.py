import ast
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent
from app.accounts.service import record_audit
from app.accounts.viewer import OrganisationName, Viewer
from app.audit.words import ACTIONS
from app.cases.models import Case, CaseMove, HatKind, Visibility
from app.cases.workflow import State
from app.core.templating import ROOT
from tests.conftest import OpenApi, SignIn
from tests.factories import NOW, create_case, create_hat, create_plan, create_question
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA, Person

TRAIL = "/api/v1/cases/{}/trail"
EVENTS = "/api/v1/audit-events"
RECORDERS = {"record_audit": 2, "touch_case": 4, "announce_change": 4, "_record": 4}
"""Functions that record, and which of their arguments is the action."""


def see_as(person: Person) -> Viewer:
    return Viewer(OrganisationName(person.organisation_id, "", ""), user_id=person.id, role=person.role)


async def actions(browser: httpx.AsyncClient, address: str) -> list[str]:
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text
    return [item["action"] for item in answer.json()["items"]]


async def test_what_is_done_on_a_case_stands_on_it_once_the_newest_first(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, mona: httpx.AsyncClient
) -> None:
    await create_case(session, title="Noise")
    case = await create_case(session)
    place = f"/cases/{case.id}"
    await bob.post(f"{place}/questions", data={"text": "Who decides?"})
    question = (await alice.get(f"/api/v1{place}/questions")).json()["items"][0]
    await alice.post(f"{place}/questions/{question['id']}/answer", data={"answer": "The CFO."})
    await mona.post(f"{place}/hats", data={"kind": "expert", "user_id": str(CHARLIE.id)})
    changed = {"title": "The port is quiet", "obstacles": ["silent"], "situation": case.situation}
    await alice.post(f"{place}/edit/story", data=changed | {"desired_state": case.desired_state, "version": "1"})
    plan = {"move": "Call the CFO.", "skip_questions_reason": "We talked."}
    await alice.post(f"/api/v1{place}/plans", json=plan)
    await alice.post(f"{place}/withdraw", data={"reason": "They were bought."})
    expected = ["case.moved", "plan.proposed", "case.moved", "case.changed", "hat.asked", "question.answered"]
    assert await actions(bob, TRAIL.format(case.id)) == [*expected, "question.asked"]
    page = (await bob.get(f"{place}/trail")).text
    for words in ("asked a question", "changed the case: title", "expert · Charlie Fjord", "They were bought."):
        assert words in page, words
    assert page.index("They were bought.") < page.index("asked a question")
    assert f"{place}/trail" in (await bob.get(place)).text


async def test_the_trail_is_for_those_who_may_see_the_case(session: AsyncSession, sign_in: SignIn) -> None:
    case = await create_case(session)
    await record_audit(session, see_as(ALICE), "case.changed", case.id, case_id=case.id)
    for person, status in ((ALICE, 200), (BOB, 200), (CHARLIE, 404), (ADAM, 404), (DORA, 404)):
        browser = await sign_in(person)
        assert (await browser.get(f"/cases/{case.id}/trail")).status_code == status
        assert (await browser.get(TRAIL.format(case.id))).status_code == status


async def test_a_draft_leaves_no_trail(
    session: AsyncSession, alice: httpx.AsyncClient, adam: httpx.AsyncClient
) -> None:
    draft = await create_case(session, state=State.DRAFT, title="A secret start")
    await alice.patch(f"/api/v1/cases/{draft.id}", json={"product": "Rutekart"}, headers={"If-Match": '"1"'})
    await alice.post(f"/cases/{draft.id}/withdraw", data={"reason": "No."})
    state = await session.scalar(select(Case.state).where(Case.id == draft.id))
    assert state is State.WITHDRAWN
    assert await actions(adam, EVENTS) == []
    page = (await adam.get("/admin/audit")).text
    assert "A secret start" not in page
    assert str(draft.id) not in page
    assert await actions(alice, TRAIL.format(draft.id)) == ["case.moved"], "its owner reads the reason"


async def test_an_admin_reads_what_was_done_and_not_what_stands_in_a_case(
    session: AsyncSession, alice: httpx.AsyncClient, adam: httpx.AsyncClient
) -> None:
    hidden = await create_case(session, title="Only for Oslo")
    shown = await create_case(session, title="For everyone", visibility=Visibility.EVERYONE)
    for case in (hidden, shown):
        await alice.post(f"/cases/{case.id}/withdraw", data={"reason": f"The reason of {case.title}."})
    page = (await adam.get("/admin/audit")).text
    assert page.count("moved the case: Withdrawn") == 2
    assert "For everyone" in page
    assert "Only for Oslo" not in page
    assert "The reason of" not in page
    assert {frozenset(item["details"]) for item in (await adam.get(EVENTS)).json()["items"]} == {
        frozenset({"from", "to"})
    }


@pytest.fixture
async def several(session: AsyncSession) -> Case:
    """Four things done by three people and a program, at times of their own."""
    case = await create_case(session, visibility=Visibility.EVERYONE)
    for day, (person, action) in enumerate([(BOB, "question.asked"), (ALICE, "case.changed"), (ADAM, "team.changed")]):
        at = NOW + timedelta(days=day)
        case_id = case.id if person is not ADAM else None
        await record_audit(session, see_as(person), action, uuid4(), case_id=case_id, at=at)
    session.add(
        CaseMove(
            organisation_id=case.organisation_id,
            case_id=case.id,
            from_state=State.CREATING,
            to_state=State.TRYING,
            user_id=MONA.id,
            at=NOW + timedelta(days=3),
        )
    )
    await session.flush()
    return case


async def test_the_trail_is_searched_by_person_kind_dates_and_object(several: Case, adam: httpx.AsyncClient) -> None:
    everything = ["case.moved", "team.changed", "case.changed", "question.asked"]
    assert await actions(adam, EVENTS) == everything
    assert await actions(adam, f"{EVENTS}?who={MONA.id}") == ["case.moved"]
    assert await actions(adam, f"{EVENTS}?who={BOB.id}") == ["question.asked"]
    assert await actions(adam, f"{EVENTS}?action=case.moved") == ["case.moved"]
    assert await actions(adam, f"{EVENTS}?action=team.changed") == ["team.changed"]
    assert await actions(adam, f"{EVENTS}?about={several.id}") == ["case.moved", "case.changed", "question.asked"]
    since = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await actions(adam, f"{EVENTS}?since={since}&before={before}") == ["case.changed"]
    day = (NOW + timedelta(days=1)).date().isoformat()
    page = (await adam.get(f"/admin/audit?since={day}&until={day}&who={ALICE.id}&action=&about=")).text
    assert "changed the case" in page.partition("</form>")[2]
    assert (await adam.get("/admin/audit?since=0001-01-01&until=9999-12-31")).status_code == 200
    assert "Nothing fits" in (await adam.get(f"/admin/audit?about={uuid4()}")).text


async def test_the_trail_comes_page_by_page_each_entry_once(several: Case, adam: httpx.AsyncClient) -> None:
    seen, cursor = [], ""
    for _page in range(4):
        answer = (await adam.get(f"{EVENTS}?limit=1{cursor}")).json()
        seen += [item["action"] for item in answer["items"]]
        cursor = f"&cursor={answer['next_cursor']}"
    assert answer["next_cursor"] is None
    assert seen == ["case.moved", "team.changed", "case.changed", "question.asked"]


async def test_the_kind_of_client_is_told(session: AsyncSession, open_api: OpenApi, adam: httpx.AsyncClient) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    program = await open_api(BOB)
    await program.post(f"/api/v1/cases/{case.id}/questions", json={"text": "Who decides?"})
    await record_audit(session, Viewer(OrganisationName(ALICE.organisation_id, "", "")), "person.created", BOB.id)
    await record_audit(session, see_as(BOB), "case.changed", case.id, case_id=case.id)
    items = {item["action"]: item for item in (await adam.get(EVENTS)).json()["items"]}
    assert {action: item["channel"] for action, item in items.items()} == {
        "question.asked": "api",
        "person.created": "site",
        "case.changed": "browser",
    }
    asked = items["question.asked"]
    assert (asked["user"]["name"], asked["client"]["name"]) == (BOB.name, "A program")
    page = (await adam.get("/admin/audit")).text
    for words in ("by the program A program", "on the command line", "in the browser"):
        assert words in page


async def test_only_admins_search_the_trail(
    several: Case, sign_in: SignIn, open_api: OpenApi, dora: httpx.AsyncClient
) -> None:
    for person in (ALICE, MONA):
        browser = await sign_in(person)
        assert (await browser.get(EVENTS)).status_code == 403
        assert (await browser.get("/admin/audit")).status_code == 403
        acting = await open_api(person, "admin", "act-as")
        assert (await acting.get(EVENTS)).status_code == 403, "a program has its user's rights and no more"
    assert await actions(await open_api(ADAM, "admin", "act-as"), EVENTS)
    assert await actions(await open_api(ADAM, "admin", act_as=False), EVENTS)
    assert (await (await open_api(ADAM)).get(EVENTS)).status_code == 403, "the key lacks the scope"
    assert await actions(dora, EVENTS) == []


async def test_every_step_of_a_case_is_kept(
    session: AsyncSession, alice: httpx.AsyncClient, mona: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.TRYING)
    plan = await create_plan(session, case, "A", by=ALICE, steps=("Call",))
    await create_question(session, case, answer="Yes.")
    case.chosen_plan_id = plan.id
    hat = await create_hat(session, case, BOB, kind=HatKind.EXPERT)
    await session.flush()
    place = f"/api/v1/cases/{case.id}"
    step = (await alice.get(f"{place}/plans")).json()["items"][0]["steps"][0]["id"]
    await alice.post(f"/cases/{case.id}/plans/{plan.id}/steps/{step}/done")
    await alice.post(f"/cases/{case.id}/plans/{plan.id}/steps/{step}/done")
    await alice.post(f"/cases/{case.id}/plans/{plan.id}/steps/{step}/undone")
    objection = await bob.post(f"{place}/plans/{plan.id}/objections", json={"kind": "unrealistic", "text": "No."})
    assert objection.status_code == 201, objection.text
    await alice.post(f"/cases/{case.id}/hats/{hat.id}/remove")
    later = {"outcome": "still_open", "follow_up_on": "2099-01-01"}
    assert (await alice.post(f"{place}/outcome", json=later)).status_code == 200
    await mona.post(f"/cases/{case.id}/hand-over", data={"owner_id": str(BOB.id)})
    expected = ["case.handed_over", "outcome.postponed", "hat.removed", "objection.raised", "step.undone", "step.done"]
    assert await actions(bob, TRAIL.format(case.id)) == expected


@pytest.mark.parametrize("table", ["audit_events", "case_moves"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_app_can_change_no_line(several: Case, session: AsyncSession, table: str, statement: str) -> None:
    savepoint = await session.begin_nested()
    with pytest.raises(ProgrammingError, match="permission denied"):
        await session.execute(text(statement.format(table)))
    await savepoint.rollback()
    kept = await session.scalar(select(func.count()).select_from(AuditEvent))
    assert kept == 3


def list_recorded() -> Iterator[str]:
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RECORDERS:
                place = RECORDERS[node.func.id]
                for part in ast.walk(node.args[place]) if len(node.args) > place else ():
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def test_everything_that_is_recorded_has_words() -> None:
    recorded = set(list_recorded())
    assert len(recorded) > 20
    assert recorded - ACTIONS.keys() == set()
