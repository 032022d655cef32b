"""Who may see which case, through the list, the page and the API: one table, three doors."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent
from app.cases.models import HatStatus, Visibility
from app.cases.queries import list_readers
from app.cases.workflow import State
from tests.conftest import OpenApi, SignIn
from tests.factories import NOW, create_case, create_hat
from tests.world import ADAM, ALICE, BOB, CAST, CHARLIE, DORA, LENA, MONA, Person

POSTED = State.INVESTIGATING
TABLE = [
    (POSTED, Visibility.TEAM, {ALICE, BOB, MONA}),
    (POSTED, Visibility.EVERYONE, {ALICE, BOB, MONA, CHARLIE, LENA, ADAM}),
    (POSTED, Visibility.RESTRICTED, {ALICE, MONA}),
    (State.SHARED, Visibility.RESTRICTED, {ALICE, MONA}),
    (State.WITHDRAWN, Visibility.TEAM, {ALICE, BOB, MONA}),
    (State.DRAFT, Visibility.EVERYONE, {ALICE}),
    (State.DRAFT, Visibility.TEAM, {ALICE}),
]


async def sees(person: Person, case_id: str, sign_in: SignIn, open_api: OpenApi) -> set[str]:
    """Through which doors this person sees the case."""
    browser, program = await sign_in(person), await open_api(person)
    doors = set()
    listed = await browser.get("/cases", params={"whose": "all"})
    if case_id in listed.text:
        doors.add("list")
    page = await browser.get(f"/cases/{case_id}")
    if page.status_code in {200, 303}:
        doors.add("page")
    else:
        assert page.status_code == 404
    cases = (await program.get("/api/v1/cases", params={"limit": 100})).json()["items"]
    if case_id in {case["id"] for case in cases}:
        doors.add("API list")
    answer = await program.get(f"/api/v1/cases/{case_id}")
    if answer.status_code == 200:
        doors.add("API")
    else:
        assert answer.status_code == 404
    return doors


ALL_DOORS = {"list", "page", "API list", "API"}


@pytest.mark.parametrize(("state", "visibility", "allowed"), TABLE)
async def test_who_sees_a_case(
    state: State,
    visibility: Visibility,
    allowed: set[Person],
    session: AsyncSession,
    sign_in: SignIn,
    open_api: OpenApi,
) -> None:
    await create_case(session, owner=BOB, title="Another case in the same team")
    case = await create_case(session, owner=ALICE, state=state, visibility=visibility)
    for person in CAST:
        doors = await sees(person, str(case.id), sign_in, open_api)
        if person is ADAM and visibility is Visibility.RESTRICTED:
            assert doors == {"page", "API"}, "an admin opens it by its address alone"
        else:
            assert doors == (ALL_DOORS if person in allowed else set()), person.key


@pytest.mark.parametrize(
    ("status", "seen"), [(HatStatus.ACCEPTED, True), (HatStatus.ASKED, False), (HatStatus.DECLINED, False)]
)
async def test_accepted_hat_opens_a_restricted_case(
    status: HatStatus,
    seen: bool,  # noqa: FBT001
    session: AsyncSession,
    sign_in: SignIn,
    open_api: OpenApi,
) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    await create_hat(session, case, CHARLIE, status=status)
    assert await sees(CHARLIE, str(case.id), sign_in, open_api) == (ALL_DOORS if seen else set())


async def test_admin_opening_a_restricted_case_is_written_down(session: AsyncSession, adam: httpx.AsyncClient) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    assert (await adam.get(f"/cases/{case.id}")).status_code == 200
    asked = await adam.post(f"/cases/{case.id}/questions", data={"text": "May I close this?"})
    assert asked.status_code == 303
    events = (await session.scalars(select(AuditEvent).where(AuditEvent.subject_id == case.id))).all()
    assert [(event.action, event.user_id) for event in events] == [("case.restricted_opened", ADAM.id)] * 2


async def test_withdrawn_draft_stays_private(session: AsyncSession, sign_in: SignIn, open_api: OpenApi) -> None:
    case = await create_case(session, state=State.DRAFT, visibility=Visibility.EVERYONE)
    case.state = State.WITHDRAWN
    await session.flush()
    assert await sees(BOB, str(case.id), sign_in, open_api) == set()
    assert await sees(ALICE, str(case.id), sign_in, open_api) == ALL_DOORS


async def test_program_for_itself_sees_what_everyone_sees_and_what_it_wrote(
    session: AsyncSession, open_api: OpenApi
) -> None:
    open_case = await create_case(session, visibility=Visibility.EVERYONE)
    team_case = await create_case(session)
    program = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    own = (await program.post("/api/v1/cases", json={"title": "From the CRM", "owner": ALICE.email})).json()
    listed = {case["id"] for case in (await program.get("/api/v1/cases")).json()["items"]}
    assert listed == {str(open_case.id), own["id"]}
    assert (await program.get(f"/api/v1/cases/{team_case.id}")).status_code == 404


@pytest.mark.parametrize(("state", "visibility", "allowed"), TABLE)
async def test_readers_are_those_who_see(
    state: State, visibility: Visibility, allowed: set[Person], session: AsyncSession
) -> None:
    case = await create_case(session, state=state, visibility=visibility)
    readers = await list_readers(session, case)
    assert {reader.id for reader in readers} == {person.id for person in allowed}


async def test_dora_can_neither_read_nor_touch(session: AsyncSession, dora: httpx.AsyncClient) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    hat = await create_hat(session, case, BOB)
    case_id = case.id
    for path in ("draft", "edit/story", f"hats/{hat.id}"):
        response = await dora.get(f"/cases/{case_id}/{path}")
        assert response.status_code == 404
        assert "terminal" not in response.text
    for path in ("questions", "hats", "withdraw", "reopen", "hand-over", f"hats/{hat.id}/accept", "draft/delete"):
        assert (await dora.post(f"/cases/{case_id}/{path}", data={"reason": "x", "text": "x"})).status_code == 404
    assert DORA.organisation_id != ALICE.organisation_id
    assert MONA.organisation_id == LENA.organisation_id


async def test_author_of_a_draft_reads_on_only_as_one_of_its_readers(
    session: AsyncSession, sign_in: SignIn, open_api: OpenApi
) -> None:
    case = await create_case(session, state=State.DRAFT, visibility=Visibility.RESTRICTED)
    case.author_id = CHARLIE.id
    await session.flush()
    assert await sees(CHARLIE, str(case.id), sign_in, open_api) == ALL_DOORS
    assert {reader.id for reader in await list_readers(session, case)} == {ALICE.id, CHARLIE.id}
    case.state, case.posted_at = POSTED, NOW
    await session.flush()
    assert await sees(CHARLIE, str(case.id), sign_in, open_api) == set()
    assert {reader.id for reader in await list_readers(session, case)} == {ALICE.id, MONA.id}
