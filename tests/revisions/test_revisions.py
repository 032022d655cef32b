from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Plan, PlanStep, Revision, RevisionKind, Visibility
from app.cases.workflow import State
from app.core.db import SessionFactory
from app.practices.models import Practice
from tests.conftest import OpenApi, SignIn
from tests.exports.test_exports import fetch, read, write
from tests.factories import create_case, create_plan, create_practice, create_question, create_resolved_case
from tests.world import ADAM, ALICE, BOB, CHARLIE, DORA, MONA

FIRST = "They loved the demo three weeks ago. Since then nobody answers mail or phone."


async def tell(browser: httpx.AsyncClient, case: Case, situation: str) -> None:
    """Save the story with another situation."""
    story = {"title": case.title, "obstacles": ["silent"], "desired_state": case.desired_state}
    version = (await browser.get(f"/api/v1/cases/{case.id}")).json()["version"]
    answer = await browser.post(
        f"/cases/{case.id}/edit/story", data=story | {"situation": situation, "version": str(version)}
    )
    assert answer.status_code == 303, answer.text


async def list_items(browser: httpx.AsyncClient, place: str) -> list[dict[str, Any]]:
    answer = await browser.get(f"/api/v1{place}/revisions")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_changed_story_keeps_what_it_said_who_and_when(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await tell(alice, await create_case(session, title="Noise"), "Noise, too.")
    case = await create_case(session)
    assert await list_items(alice, f"/cases/{case.id}") == []
    await tell(alice, case, FIRST.replace("mail", "letters"))
    later, first = await list_items(bob, f"/cases/{case.id}")
    assert (first["kind"], first["changes"], first["latest"]) == ("story", [], False)
    assert first["user"] == {"id": str(ALICE.id), "name": ALICE.name}
    assert first["at"] == "2026-11-02T09:30:00Z"
    assert first["texts"]["situation"] == FIRST
    assert later["latest"]
    [change] = later["changes"]
    assert change["field"] == "situation"
    assert [piece for piece in change["pieces"] if piece["op"] != "same"] == [
        {"op": "removed", "text": "mail "},
        {"op": "added", "text": "letters "},
    ]
    page = (await bob.get(f"/cases/{case.id}/revisions")).text
    assert "<del>" in page
    assert "<ins>" in page
    assert "Removed:" in page
    assert "Bring this text back" not in page, "a reader cannot"


async def test_what_is_not_a_text_leaves_no_revision(
    session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    draft = await create_case(session, state=State.DRAFT)
    case = await create_case(session)
    program = await open_api(ALICE)
    for changed, fields in ((draft, {"situation": "Another start."}), (case, {"product": "Rutekart"})):
        answer = await program.patch(f"/api/v1/cases/{changed.id}", json=fields, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
    assert await session.scalar(select(func.count()).select_from(Revision)) == 0
    assert "Nothing was changed yet" in (await alice.get(f"/cases/{case.id}/revisions")).text


async def test_bringing_a_story_back_writes_a_new_revision(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await tell(alice, case, "Overwritten.")
    first = (await list_items(alice, f"/cases/{case.id}"))[-1]
    place = f"/cases/{case.id}/revisions/{first['id']}/restore"
    assert (await bob.post(place)).status_code == 403
    assert "Bring this text back" in (await alice.get(f"/cases/{case.id}/revisions")).text
    answer = await alice.post(place)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{case.id}/revisions"
    assert (await alice.get(f"/api/v1/cases/{case.id}")).json()["situation"] == FIRST
    items = await list_items(alice, f"/cases/{case.id}")
    assert [item["texts"]["situation"] for item in items] == [FIRST, "Overwritten.", FIRST]
    again = await alice.post(f"/api/v1{place}")
    assert again.status_code == 200
    assert again.json()["id"] == items[0]["id"], "what stands already is not written again"


async def test_an_answer_keeps_what_it_said(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session, state=State.CREATING)
    question = await create_question(session, case)
    plan = await create_plan(session, case)
    mine = await open_api(ALICE)
    objections = f"plans/{plan.id}/objections"
    raised = await mine.post(f"/api/v1/cases/{case.id}/{objections}", json={"kind": "tried_before", "text": "In May."})
    assert raised.status_code == 201, raised.text
    for place in (f"questions/{question.id}", f"{objections}/{raised.json()['id']}"):
        for answer in ("The CFO, until August.", "Nobody, since August."):
            answered = await mine.post(f"/api/v1/cases/{case.id}/{place}/answer", json={"answer": answer})
            assert answered.status_code == 200, answered.text
    items = await list_items(bob, f"/cases/{case.id}")
    assert [item["kind"] for item in items] == ["objection_answer", "objection_answer", "answer", "answer"]
    assert [item["texts"]["answer"] for item in items[:2]] == ["Nobody, since August.", "The CFO, until August."]
    page = (await alice.get(f"/cases/{case.id}/revisions")).text
    assert f"Answer to “{question.text}”" in page
    assert page.count("Bring this text back") == 2
    assert "Bring this text back" not in (await bob.get(f"/cases/{case.id}/revisions")).text
    for earlier in (items[1], items[3]):
        restore = f"/cases/{case.id}/revisions/{earlier['id']}/restore"
        assert (await (await open_api(BOB)).post(f"/api/v1{restore}")).status_code == 409
        assert (await alice.post(restore)).status_code == 303
    [standing] = (await mine.get(f"/api/v1/cases/{case.id}/questions")).json()["items"]
    assert standing["answer"] == "The CFO, until August."
    [standing] = (await mine.get(f"/api/v1/cases/{case.id}/plans")).json()["items"][0]["objections"]
    assert standing["answer"] == "The CFO, until August."


async def test_a_plan_is_brought_back_with_its_steps(
    session: AsyncSession, mona: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session, state=State.CREATING)
    plan = await create_plan(session, case, steps=("Find the number", "Call"))
    kept = (await session.scalars(select(PlanStep).where(PlanStep.text == "Call"))).one()
    kept.owner_id = BOB.id
    await session.flush()
    changed = {"move": "Write a letter.", "step_id": str(kept.id), "step_text": "Call", "step_owner": str(BOB.id)}
    answer = await mona.post(f"/cases/{case.id}/plans/{plan.id}/edit", data=changed | {"version": "1"})
    assert answer.status_code == 303, answer.text
    later, first = await list_items(mona, f"/cases/{case.id}")
    assert (later["plan"], later["subject_id"]) == ("A", str(plan.id))
    assert {change["field"] for change in later["changes"]} == {"move", "steps", "switch_rule"}
    place = f"/api/v1/cases/{case.id}/revisions/{first['id']}/restore"
    assert (await bob.post(place)).status_code == 403
    assert (await mona.post(place)).json()["texts"] == first["texts"]
    [standing] = (await mona.get(f"/api/v1/cases/{case.id}/plans")).json()["items"]
    assert standing["move"] == "Plan A: call the operations manager."
    assert [(step["text"], step["owner"] and step["owner"]["id"]) for step in standing["steps"]] == [
        ("Find the number", None),
        ("Call", str(BOB.id)),
    ]
    assert standing["steps"][1]["id"] == str(kept.id)
    case.state = State.WITHDRAWN
    await session.flush()
    assert (await mona.post(place)).status_code == 409, "nobody works on its plans any more"


async def test_an_outcome_told_again_keeps_what_was_told_and_comes_back(
    session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session, state=State.TRYING)
    told = case.outcome_worked
    report = {"outcome": "won_a", "plan": "A", "worked": "A letter.", "not_worked": "Mail."}
    answer = await alice.post(f"/cases/{case.id}/outcome", data=report)
    assert answer.status_code == 303, answer.text
    later, first = await list_items(alice, f"/cases/{case.id}")
    assert {change["field"] for change in later["changes"]} == {"outcome_worked", "outcome_not_worked"}
    assert (await alice.post(f"/cases/{case.id}/revisions/{first['id']}/restore")).status_code == 303
    standing = (await alice.get(f"/api/v1/cases/{case.id}")).json()
    assert (standing["outcome_worked"], standing["situation"]) == (told, FIRST)


async def make_changed_practice(
    session: AsyncSession, program: httpx.AsyncClient, visibility: Visibility = Visibility.EVERYONE
) -> Practice:
    """A practice from which the customer's name was taken out."""
    case = await create_resolved_case(session, visibility=visibility)
    practice = await create_practice(session, case, why_it_worked="Havnelast AS saw it run.")
    answer = await program.patch(
        f"/api/v1/practices/{practice.id}", json={"why_it_worked": "They saw it run."}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text
    return practice


async def test_a_practice_that_names_somebody_comes_back_only_when_confirmed(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient, open_api: OpenApi
) -> None:
    practice = await make_changed_practice(session, await open_api(ALICE))
    first = (await list_items(alice, f"/practices/{practice.id}"))[-1]
    place = f"/practices/{practice.id}/revisions/{first['id']}/restore"
    assert (await bob.post(f"/api/v1{place}", json={})).status_code == 403
    refused = await alice.post(f"/api/v1{place}", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "names_found")
    asked = await alice.post(place)
    assert asked.status_code == 422
    assert "Havnelast" in asked.text
    assert 'name="confirm_names"' in asked.text
    assert (await alice.post(place, data={"confirm_names": "true"})).status_code == 303
    assert (await list_items(alice, f"/practices/{practice.id}"))[0]["texts"] == first["texts"]


async def test_what_a_practice_said_before_is_for_readers_of_its_case(
    session: AsyncSession, sign_in: SignIn, open_api: OpenApi
) -> None:
    practice = await make_changed_practice(session, await open_api(ALICE), Visibility.TEAM)
    for person, status in ((BOB, 200), (CHARLIE, 404), (ADAM, 404), (DORA, 404)):
        browser = await sign_in(person)
        for place in (f"/practices/{practice.id}/revisions", f"/api/v1/practices/{practice.id}/revisions"):
            assert (await browser.get(place)).status_code == status, person
        if person is not DORA:
            shown = await browser.get(f"/practices/{practice.id}")
            assert ("Earlier texts" in shown.text) is (status == 200), person


@pytest.mark.parametrize("visibility", [Visibility.TEAM, Visibility.RESTRICTED])
async def test_who_may_not_see_the_case_sees_no_revision(
    session: AsyncSession, alice: httpx.AsyncClient, sign_in: SignIn, visibility: Visibility
) -> None:
    case = await create_case(session, visibility=visibility)
    await tell(alice, case, "Changed.")
    [_later, first] = await list_items(alice, f"/cases/{case.id}")
    for person in (CHARLIE, DORA):
        stranger = await sign_in(person)
        assert (await stranger.get(f"/cases/{case.id}/revisions")).status_code == 404
        assert (await stranger.get(f"/api/v1/cases/{case.id}/revisions")).status_code == 404
        assert (await stranger.post(f"/cases/{case.id}/revisions/{first['id']}/restore")).status_code == 404


async def test_a_revision_of_another_case_leads_nowhere(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case, other = await create_case(session), await create_case(session)
    await tell(alice, other, "Changed.")
    [first] = (await list_items(alice, f"/cases/{other.id}"))[-1:]
    assert (await alice.post(f"/cases/{case.id}/revisions/{first['id']}/restore")).status_code == 404


async def test_revisions_come_in_pages(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    for said in ("One.", "Two."):
        await tell(alice, case, said)
    place = f"/api/v1/cases/{case.id}/revisions"
    newest = (await alice.get(place, params={"limit": 1})).json()
    rest = (await alice.get(place, params={"limit": 2, "cursor": newest["next_cursor"]})).json()
    told = [item["texts"]["situation"] for item in newest["items"] + rest["items"]]
    assert told == ["Two.", "One.", FIRST]
    assert rest["next_cursor"] is None


async def test_the_export_holds_them_and_they_go_with_the_case(
    session: AsyncSession, session_factory: SessionFactory, alice: httpx.AsyncClient, adam: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    await tell(alice, case, "Changed.")
    packed = await fetch(adam, await write(session, session_factory, adam, scope="organisation"))
    assert {row["kind"] for row in read(packed, "revisions")} == {RevisionKind.STORY}
    assert len(read(packed, "revisions")) == 2
    await session.execute(delete(Plan).where(Plan.case_id == case.id))
    await session.execute(delete(Case).where(Case.id == case.id))
    assert await session.scalar(select(func.count()).select_from(Revision)) == 0


async def test_a_program_says_for_whom_it_wrote(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    program = await open_api(ALICE)
    headers = {"If-Match": '"1"'}
    answer = await program.patch(f"/api/v1/cases/{case.id}", json={"situation": "By program."}, headers=headers)
    assert answer.status_code == 200, answer.text
    newest = (await list_items(program, f"/cases/{case.id}"))[0]
    assert newest["user"] == {"id": str(ALICE.id), "name": ALICE.name}
    reader = await open_api(MONA, "cases:read", "act-as")
    assert (await reader.post(f"/api/v1/cases/{case.id}/revisions/{newest['id']}/restore")).status_code == 403
