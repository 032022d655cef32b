import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import User
from app.cases.models import Case, Hat, HatKind, HatStatus, Visibility
from tests.conftest import OpenApi
from tests.factories import NOW, create_case, create_hat, create_resolved_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA, Person


async def read_hats(session: AsyncSession, case: Case) -> list[tuple[HatKind, HatStatus]]:
    found = await session.scalars(
        select(Hat).where(Hat.case_id == case.id).order_by(Hat.id).execution_options(populate_existing=True)
    )
    return [(hat.kind, hat.status) for hat in found]


async def test_owner_asks_somebody_outside_who_then_may_read(
    session: AsyncSession, alice: httpx.AsyncClient, charlie: httpx.AsyncClient
) -> None:
    case = await create_case(session, visibility=Visibility.RESTRICTED)
    data = {"kind": "door_opener", "user_id": str(CHARLIE.id)}
    assert (await alice.post(f"/cases/{case.id}/hats", data=data)).status_code == 303
    hat = (await session.scalars(select(Hat))).one()
    asked = await charlie.get(f"/cases/{case.id}/hats/{hat.id}")
    assert asked.status_code == 200
    assert case.title not in asked.text
    assert (await charlie.get(f"/cases/{case.id}")).status_code == 404
    assert (await charlie.post(f"/cases/{case.id}/hats/{hat.id}/accept")).status_code == 303
    assert (await charlie.get(f"/cases/{case.id}")).status_code == 200
    assert (await charlie.post(f"/cases/{case.id}/hats/{hat.id}/accept")).status_code == 409


async def test_declined_hat_can_be_asked_for_again(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    alice, bob = await open_api(ALICE), await open_api(BOB)
    body = {"kind": "expert", "user_id": str(BOB.id)}
    asked = await alice.post(f"/api/v1/cases/{case.id}/hats", json=body)
    assert asked.status_code == 201
    assert asked.json()["status"] == "asked"
    assert (await alice.post(f"/api/v1/cases/{case.id}/hats", json=body)).status_code == 409
    path = f"/api/v1/cases/{case.id}/hats/{asked.json()['id']}"
    assert (await alice.post(f"{path}/accept")).status_code == 403
    declined = await bob.post(f"{path}/decline")
    assert declined.json()["status"] == "declined"
    assert (await alice.post(f"/api/v1/cases/{case.id}/hats", json=body)).status_code == 201
    assert await read_hats(session, case) == [(HatKind.EXPERT, HatStatus.ASKED)]


async def test_colleague_offers_and_owner_accepts(
    session: AsyncSession, bob: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session)
    for_another = {"kind": "expert", "user_id": str(MONA.id)}
    assert (await bob.post(f"/cases/{case.id}/hats", data=for_another)).status_code == 403
    offer = {"kind": "decision_maker", "user_id": str(BOB.id)}
    assert (await bob.post(f"/cases/{case.id}/hats", data=offer)).status_code == 303
    hat = (await session.scalars(select(Hat))).one()
    assert (await bob.post(f"/cases/{case.id}/hats/{hat.id}/accept")).status_code == 403
    assert (await alice.post(f"/cases/{case.id}/hats/{hat.id}/accept")).status_code == 303
    assert await read_hats(session, case) == [(HatKind.DECISION_MAKER, HatStatus.ACCEPTED)]
    assert (await alice.post(f"/cases/{case.id}/hats/{hat.id}/remove")).status_code == 303
    assert await read_hats(session, case) == []


async def test_taking_over_makes_the_owner(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    alice, bob = await open_api(ALICE), await open_api(BOB)
    body = {"kind": "owner", "user_id": str(BOB.id)}
    hat = (await alice.post(f"/api/v1/cases/{case.id}/hats", json=body)).json()
    assert (await bob.post(f"/api/v1/cases/{case.id}/hats/{hat['id']}/accept")).status_code == 200
    await session.refresh(case)
    assert (case.owner_id, case.author_id) == (BOB.id, ALICE.id)
    assert (
        await alice.patch(f"/api/v1/cases/{case.id}", json={"product": "X"}, headers={"If-Match": '"2"'})
    ).status_code == 403
    back = await bob.post(f"/api/v1/cases/{case.id}/hats", json={"kind": "owner", "user_id": str(BOB.id)})
    assert back.status_code == 422


async def test_hats_stay_inside_the_organisation(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    alice, dora = await open_api(ALICE), await open_api(DORA)
    body = {"kind": "expert", "user_id": str(DORA.id)}
    assert (await alice.post(f"/api/v1/cases/{case.id}/hats", json=body)).status_code == 422
    hat = await create_hat(session, case, BOB, status=HatStatus.ASKED)
    for path in ("accept", "decline"):
        assert (await dora.post(f"/api/v1/cases/{case.id}/hats/{hat.id}/{path}")).status_code == 404


async def test_page_says_which_hat_nobody_wears(session: AsyncSession, alice: httpx.AsyncClient) -> None:
    case = await create_case(session)
    await create_hat(session, case, MONA, kind=HatKind.SPARRING_PARTNER)
    page = await alice.get(f"/cases/{case.id}")
    assert "Nobody yet: decision maker" in page.text


async def test_manager_hands_a_case_over_by_program(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    path = f"/api/v1/cases/{case.id}/hand-over"
    assert (await (await open_api(ALICE)).post(path, json={"owner": str(BOB.id)})).status_code == 403
    mona = await open_api(MONA)
    unknown = await mona.post(path, json={"owner": str(DORA.id)})
    assert unknown.status_code == 422
    assert "owner" in unknown.json()["errors"]
    given = await mona.post(path, json={"owner": str(BOB.id)})
    assert given.status_code == 200
    assert given.json()["owner"]["id"] == str(BOB.id)
    assert given.json()["author"]["id"] == str(ALICE.id)
    assert given.headers["ETag"] == f'"{case.version + 1}"'


async def test_owner_takes_a_hat_off_by_program(session: AsyncSession, open_api: OpenApi) -> None:
    case = await create_case(session)
    hat = await create_hat(session, case, BOB)
    path, match = f"/api/v1/cases/{case.id}/hats/{hat.id}", {"If-Match": f'"{case.version}"'}
    alice = await open_api(ALICE)
    assert (await alice.delete(path)).status_code == 428
    assert (await alice.delete(path, headers={"If-Match": '"99"'})).status_code == 412
    assert (await (await open_api(MONA)).delete(path, headers=match)).status_code == 403
    assert (await alice.delete(path, headers=match)).status_code == 204
    assert await read_hats(session, case) == []
    assert (await alice.delete(path, headers=match)).status_code == 404


async def leave(session: AsyncSession, person: Person) -> None:
    user = await session.get(User, (person.organisation_id, person.id))
    assert user is not None
    user.deactivated_at = NOW
    await session.flush()


async def test_a_hat_whose_wearer_left_is_found_missing_and_handed_on(
    session: AsyncSession, alice: httpx.AsyncClient, mona: httpx.AsyncClient, lena: httpx.AsyncClient
) -> None:
    case = await create_case(session, visibility=Visibility.EVERYONE)
    hat = await create_hat(session, case, CHARLIE, kind=HatKind.DECISION_MAKER)
    await create_hat(session, await create_case(session, visibility=Visibility.RESTRICTED), BOB)
    waits = "Charlie Fjord has left: find another decision maker"
    assert waits not in (await mona.get("/")).text
    await leave(session, CHARLIE)
    for client, is_told in ((alice, True), (mona, True), (lena, False)):
        assert (waits in (await client.get("/")).text) is is_told
    page = (await mona.get(f"/cases/{case.id}")).text
    assert "was decision maker, and has left" in page
    assert "Nobody yet: sparring partner, decision maker" in page
    assert (await lena.post(f"/cases/{case.id}/hats/{hat.id}/remove")).status_code == 403
    assert (await mona.post(f"/cases/{case.id}/hats/{hat.id}/remove")).status_code == 303
    data = {"kind": "decision_maker", "user_id": str(MONA.id)}
    assert (await mona.post(f"/cases/{case.id}/hats", data=data)).status_code == 303
    assert await read_hats(session, case) == [(HatKind.DECISION_MAKER, HatStatus.ACCEPTED)]
    assert waits not in (await mona.get("/")).text


async def test_a_case_that_was_not_shared_before_its_owner_left_waits_for_the_manager(
    session: AsyncSession, mona: httpx.AsyncClient, bob: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    case = await create_resolved_case(session)
    await leave(session, ALICE)
    waits = "Alice Fjord has left: hand the case over"
    for client, is_told in ((mona, True), (bob, False), (dora, False)):
        assert (waits in (await client.get("/")).text) is is_told
    handed = await mona.post(f"/cases/{case.id}/hand-over", data={"owner_id": str(BOB.id)})
    assert handed.status_code == 303
    assert waits not in (await mona.get("/")).text
    assert "Share what you learned" in (await bob.get(f"/cases/{case.id}")).text
