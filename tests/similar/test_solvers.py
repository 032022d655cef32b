import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.cases.models import Case, Hat, Question, Visibility
from app.cases.workflow import State
from tests.conftest import OpenApi, SignIn
from tests.factories import NOW, create_case, create_practice, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA

ASKED = {"text": "How did you get to the one who took over?"}


async def read_question(session: AsyncSession) -> Question:
    return (await session.scalars(select(Question).execution_options(populate_existing=True))).one()


async def test_it_is_asked_on_the_asking_case_and_waits_for_the_solver(
    session: AsyncSession, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    solved = await create_resolved_case(session)
    own = await create_case(session, owner=BOB, title="The buyer has left us hanging")
    address = f"/matches/{solved.id}/ask?case={own.id}"
    form = await bob.get(address)
    assert f"Ask {ALICE.name}" in form.text
    assert "The buyer has left us hanging" in form.text
    assert (await bob.post(address, data={"text": " "})).status_code == 422
    sent = await bob.post(address, data=ASKED)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/cases/{own.id}#questions")
    question = await read_question(session)
    assert (question.case_id, question.asked_by_id, question.addressed_to_id) == (own.id, BOB.id, ALICE.id)
    assert f"/cases/{own.id}#questions" in (await alice.get("/")).text


async def test_it_is_asked_on_the_solved_case_where_there_is_no_other(
    session: AsyncSession, bob: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    solved = await create_resolved_case(session)
    hidden = await create_case(session, owner=BOB, visibility=Visibility.RESTRICTED)
    for address in (f"/matches/{solved.id}/ask", f"/matches/{solved.id}/ask?case={hidden.id}"):
        sent = await bob.post(address, data=ASKED)
        assert sent.headers["Location"] == f"/cases/{solved.id}#questions"
    questions = (await session.scalars(select(Question))).all()
    assert {(question.case_id, question.addressed_to_id) for question in questions} == {(solved.id, None)}
    assert f"/cases/{solved.id}#questions" in (await alice.get("/")).text


async def test_of_a_practice_whose_case_is_hidden_the_solver_is_invited_and_nothing_leaks(
    session: AsyncSession, charlie: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    solved = await create_resolved_case(session, title="A title that only the team reads")
    practice = await create_practice(session, solved)
    own = await create_case(session, owner=CHARLIE, title="A crane that nobody pays for")
    search = f"/matches/{practice.id}/ask"
    choosing = await charlie.get(search)
    assert f"{search}?case={own.id}" in choosing.text
    inviting = await charlie.get(f"{search}?case={own.id}")
    assert f'action="/cases/{own.id}/hats"' in inviting.text
    refused = await charlie.post(f"{search}?case={own.id}", data=ASKED)
    assert refused.status_code == 409
    for page in (choosing, inviting, refused):
        assert "only the team reads" not in page.text
        assert str(solved.id) not in page.text
    asked = await charlie.post(f"/cases/{own.id}/hats", data={"kind": "expert", "user_id": str(ALICE.id)})
    assert asked.status_code == 303
    assert "A crane that nobody pays for" not in (await alice.get("/")).text
    hat = (await session.scalars(select(Hat).where(Hat.case_id == own.id))).one()
    await alice.post(f"/cases/{own.id}/hats/{hat.id}/accept")
    assert (await charlie.post(f"{search}?case={own.id}", data=ASKED)).status_code == 303
    assert (await read_question(session)).case_id == own.id
    assert str(solved.id) not in (await charlie.get(f"/cases/{own.id}")).text


async def test_a_draft_is_posted_first(session: AsyncSession, charlie: httpx.AsyncClient) -> None:
    practice = await create_practice(session, await create_resolved_case(session))
    draft = await create_case(session, owner=CHARLIE, state=State.DRAFT)
    page = await charlie.get(f"/matches/{practice.id}/ask?case={draft.id}")
    assert "once your case is posted" in page.text
    assert (await charlie.get(f"/matches/{practice.id}/ask")).text.count("You have no open case") == 1


@pytest.fixture
async def solved(session: AsyncSession) -> Case:
    return await create_resolved_case(session)


async def test_a_program_asks_for_somebody(session: AsyncSession, solved: Case, open_api: OpenApi) -> None:
    own = await create_case(session, owner=BOB)
    api = await open_api(BOB)
    asked = await api.post(f"/api/v1/matches/{solved.id}/questions", json=ASKED | {"asking_case_id": str(own.id)})
    assert asked.status_code == 201
    assert asked.json()["case_id"] == str(own.id)
    assert asked.json()["question"]["addressed_to"]["name"] == ALICE.name
    alone = await open_api(BOB, act_as=False)
    everyone = await create_resolved_case(session, visibility=Visibility.EVERYONE)
    assert (await alone.post(f"/api/v1/matches/{everyone.id}/questions", json=ASKED)).status_code == 403
    hidden = await create_case(session, owner=ALICE, visibility=Visibility.RESTRICTED)
    for unseen in (hidden.id, MONA.id):
        body = ASKED | {"asking_case_id": str(unseen)}
        assert (await api.post(f"/api/v1/matches/{solved.id}/questions", json=body)).status_code == 422


async def test_what_one_may_not_see_is_not_there(solved: Case, sign_in: SignIn, open_api: OpenApi) -> None:
    for person in (CHARLIE, DORA):
        client = await sign_in(person)
        assert (await client.get(f"/matches/{solved.id}/ask")).status_code == 404
        assert (await client.post(f"/matches/{solved.id}/ask", data=ASKED)).status_code == 404
        api = await open_api(person)
        assert (await api.post(f"/api/v1/matches/{solved.id}/questions", json=ASKED)).status_code == 404


async def test_refusals_have_a_code(session: AsyncSession, solved: Case, open_api: OpenApi) -> None:
    open_case = await create_case(session)
    practice = await create_practice(session, await create_resolved_case(session))
    left = await create_resolved_case(session, owner=MONA)
    mona = await session.get(User, (MONA.organisation_id, MONA.id))
    assert mona is not None
    mona.deactivated_at = NOW
    await session.flush()
    for person, match, code in (
        (ALICE, solved.id, "own_solution"),
        (BOB, open_case.id, "still_open"),
        (BOB, left.id, "solver_gone"),
        (CHARLIE, practice.id, "solver_outside"),
    ):
        answer = await (await open_api(person)).post(f"/api/v1/matches/{match}/questions", json=ASKED)
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_closed_match_offers_it_unless_one_solved_it_oneself(
    session: AsyncSession, cases: dict[str, Case], full: FastAPI, alice: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    asking, match = cases["left_nb"].id, cases["left_sv"].id
    link = f'href="/matches/{match}/ask?case={asking}">Ask {ALICE.name}</a>'
    assert link in (await bob.get(f"/cases/{asking}/similar")).text
    assert "/ask" not in (await alice.get(f"/cases/{asking}/similar")).text
    found = (await bob.get("/search", params={"q": "unlimited liability clause"})).text
    assert f"/matches/{cases['legal_en'].id}/feedback" in found
    assert f"/matches/{cases['legal_en'].id}/ask" not in found, "it is open"
