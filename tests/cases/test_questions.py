import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Case, Question, Visibility
from app.cases.workflow import State
from tests.conftest import OpenApi
from tests.factories import create_case, create_question
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA


async def read_question(session: AsyncSession, case: Case) -> Question:
    return (
        await session.scalars(
            select(Question).where(Question.case_id == case.id).execution_options(populate_existing=True)
        )
    ).one()


async def test_colleague_asks_and_owner_answers(
    session: AsyncSession, bob: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    asked = await bob.post(f"/cases/{case.id}/questions", data={"text": "Who gains <b>most</b>?"})
    assert asked.status_code == 303
    assert asked.headers["Location"].endswith("#questions")
    question = await read_question(session, case)
    assert (question.asked_by_id, question.addressed_to_id) == (BOB.id, None)
    await session.refresh(case)
    assert case.version == 1, "a question makes nobody's edit stale"
    page = await alice.get(f"/cases/{case.id}")
    assert "Who gains &lt;b&gt;most" in page.text
    path = f"/cases/{case.id}/questions/{question.id}/answer"
    assert (await alice.post(path, data={"answer": ""})).status_code == 422
    assert (await alice.post(path, data={"answer": "The dock workers."})).status_code == 303
    assert (await bob.post(path, data={"answer": "No, they do not."})).status_code == 409
    assert (await alice.post(path, data={"answer": "The crane drivers."})).status_code == 303
    assert (await read_question(session, case)).answer == "The crane drivers."


@pytest.mark.parametrize(("person", "status"), [(MONA, 303), (CHARLIE, 422), (DORA, 422)])
async def test_question_goes_only_to_who_may_read(
    person: object, status: int, session: AsyncSession, bob: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    data = {"text": "Do you know their director?", "addressed_to_id": str(person.id)}  # type: ignore[attr-defined]
    response = await bob.post(f"/cases/{case.id}/questions", data=data)
    assert response.status_code == status
    if status == 422:
        assert "Do you know their director?" in response.text


async def test_who_may_not_read_may_not_ask(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    question = await create_question(session, case)
    api = await open_api(CHARLIE)
    assert (await api.get(f"/api/v1/cases/{case.id}/questions")).status_code == 404
    assert (await api.post(f"/api/v1/cases/{case.id}/questions", json={"text": "Why?"})).status_code == 404
    path = f"/api/v1/cases/{case.id}/questions/{question.id}/answer"
    assert (await api.post(path, json={"answer": "Because."})).status_code == 404


async def test_program_needs_a_person_to_ask(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    api = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    assert (await api.post(f"/api/v1/cases/{case.id}/questions", json={"text": "Why?"})).status_code == 403
    as_bob = await open_api(BOB)
    asked = await as_bob.post(f"/api/v1/cases/{case.id}/questions", json={"text": "Why?"})
    assert asked.status_code == 201
    assert asked.json()["asked_by"]["name"] == BOB.name
    listed = (await api.get(f"/api/v1/cases/{case.id}/questions")).json()["items"]
    assert [question["text"] for question in listed] == ["Why?"]


async def test_question_of_another_case_is_not_found(session: AsyncSession, open_api: OpenApi) -> None:
    case, other = await create_case(session), await create_case(session)
    question = await create_question(session, other)
    api = await open_api(ALICE)
    path = f"/api/v1/cases/{case.id}/questions/{question.id}/answer"
    assert (await api.post(path, json={"answer": "Because."})).status_code == 404


async def test_skipping_questions_needs_a_reason_and_the_owner(
    session: AsyncSession, alice: httpx.AsyncClient, open_api: OpenApi
) -> None:
    case = await create_case(session)
    assert (await alice.post(f"/cases/{case.id}/skip-questions", data={})).status_code == 422
    as_bob = await open_api(BOB)
    body = {"reason": "We sparred for an hour on Monday."}
    assert (await as_bob.post(f"/api/v1/cases/{case.id}/skip-questions", json=body)).status_code == 403
    as_alice = await open_api(ALICE)
    skipped = await as_alice.post(f"/api/v1/cases/{case.id}/skip-questions", json=body)
    assert skipped.status_code == 200
    assert skipped.json()["next"] == {"move": "create", "missing": []}
    assert body["reason"] in (await alice.get(f"/cases/{case.id}")).text


async def test_withdrawn_case_takes_no_questions(session: AsyncSession, bob: httpx.AsyncClient) -> None:
    case = await create_case(session, state=State.WITHDRAWN)
    assert (await bob.post(f"/cases/{case.id}/questions", data={"text": "Why?"})).status_code == 409
