"""The lists that people choose from, as an admin keeps them, and the template of an obstacle in a draft."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.code_lists.service import CODES_LIMIT
from app.cases.models import Code, CodeKind
from app.cases.workflow import State
from tests.factories import create_case, find_code
from tests.world import ALICE

PILOT = {"name_nb": "Pilot pågår", "name_sv": "Pilot pågår", "name_en": "Pilot under way"}


async def test_an_own_code_is_offered_at_once_and_keeps_its_key(
    session: AsyncSession, adam: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    made = await adam.post("/admin/codes", data=PILOT | {"kind": "obstacle", "definition_en": "They only try it."})
    assert made.headers["location"] == "/admin/codes?kind=obstacle"
    page = (await alice.get("/cases/new")).text
    assert 'value="pilot_under_way"' in page
    assert "They only try it." in page
    code = await find_code(session, CodeKind.OBSTACLE, "pilot_under_way")
    await adam.post(f"/admin/codes/{code.id}", data=PILOT | {"name_en": "Only a pilot"})
    page = (await alice.get("/cases/new")).text
    assert "Only a pilot" in page
    assert 'value="pilot_under_way"' in page


async def test_a_built_in_code_is_renamed_in_each_language(
    session: AsyncSession, adam: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    code = await find_code(session, CodeKind.OBSTACLE, "silent")
    names = {"name_nb": "Stille", "name_sv": "Tyst", "name_en": "Gone quiet"}
    assert (await adam.post(f"/admin/codes/{code.id}", data=names)).status_code == 303
    for language, name in (("nb", "Stille"), ("sv", "Tyst"), ("en", "Gone quiet")):
        assert name in (await alice.get("/cases/new", headers={"Accept-Language": language})).text


async def test_a_retired_code_is_offered_no_more_and_stays_where_it_is(
    session: AsyncSession, adam: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session, obstacles=("silent",))
    code = await find_code(session, CodeKind.OBSTACLE, "silent")
    await adam.post(f"/admin/codes/{code.id}/retire")
    assert 'value="silent"' not in (await alice.get("/cases/new")).text
    assert "Customer has gone silent" in (await alice.get(f"/cases/{case.id}")).text
    await adam.post(f"/admin/codes/{code.id}/restore")
    assert 'value="silent"' in (await alice.get("/cases/new")).text


async def test_the_last_code_of_a_list_stays(session: AsyncSession, adam: httpx.AsyncClient) -> None:
    stages = (await session.scalars(select(Code).where(Code.kind == CodeKind.STAGE))).all()
    answers = [await adam.post(f"/admin/codes/{stage.id}/retire") for stage in stages]
    assert [answer.status_code for answer in answers] == [*[303] * (len(stages) - 1), 409]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (PILOT | {"kind": "obstacle", "name_sv": " "}, "name_sv"),
        (PILOT | {"kind": "obstacle", "name_en": "customer HAS gone silent"}, "name_en"),
        (PILOT | {"kind": "obstacle", "name_nb": "x" * 81}, "name_nb"),
        (PILOT | {"kind": "obstacle", "template_nb": "x" * 2001}, "template_nb"),
        (PILOT | {"kind": "outcome"}, "kind"),
        (PILOT | {"kind": "weather"}, "kind"),
    ],
)
async def test_what_cannot_be_taken_changes_nothing(
    sent: dict[str, str], field: str, session: AsyncSession, adam: httpx.AsyncClient
) -> None:
    before = len((await session.scalars(select(Code.id))).all())
    refused = await adam.post("/admin/codes", data=sent)
    assert refused.status_code == 422
    if field != "kind":
        assert f'id="f-{field}-error"' in refused.text
    assert len((await session.scalars(select(Code.id))).all()) == before


async def test_a_list_has_an_end(session: AsyncSession, adam: httpx.AsyncClient) -> None:
    known = len((await session.scalars(select(Code.id).where(Code.kind == CodeKind.STAGE))).all())
    for number in range(known, CODES_LIMIT + 1):
        names = {name: f"{value} {number}" for name, value in PILOT.items()}
        answer = await adam.post("/admin/codes", data=names | {"kind": "stage"})
    assert answer.status_code == 422
    assert f"There are {CODES_LIMIT} in this list" in answer.text


async def test_only_an_admin_keeps_the_lists(
    session: AsyncSession, alice: httpx.AsyncClient, dora: httpx.AsyncClient
) -> None:
    code = await find_code(session, CodeKind.OBSTACLE, "silent")
    assert (await alice.get("/admin/codes")).status_code == 403
    assert (await alice.post(f"/admin/codes/{code.id}/retire")).status_code == 403
    assert (await dora.post(f"/admin/codes/{code.id}/retire")).status_code == 404
    assert (await dora.get(f"/admin/codes/{code.id}")).status_code == 404


async def test_the_template_of_a_ticked_obstacle_stands_in_the_draft_and_is_the_admins_to_write(
    session: AsyncSession, adam: httpx.AsyncClient, alice: httpx.AsyncClient
) -> None:
    draft = await create_case(session, owner=ALICE, state=State.DRAFT, obstacles=("silent",))
    page = (await alice.get(f"/cases/{draft.id}/draft")).text
    assert "When did they last answer, and to what?" in page
    assert '<details class="more" data-template="silent">' in page
    assert '<details class="more" data-template="champion_left" hidden>' in page
    code = await find_code(session, CodeKind.OBSTACLE, "silent")
    form = (await adam.get(f"/admin/codes/{code.id}")).text
    assert "När svarade de senast, och på vad?" in form
    names = {"name_nb": "Stille", "name_sv": "Tyst", "name_en": "Silent"}
    await adam.post(f"/admin/codes/{code.id}", data=names | {"template_en": "Did they open the offer?"})
    page = (await alice.get(f"/cases/{draft.id}/draft")).text
    assert "Did they open the offer?" in page
    assert "When did they last answer" not in page
    await adam.post(f"/admin/codes/{code.id}", data=names)
    assert 'data-template="silent"' not in (await alice.get(f"/cases/{draft.id}/draft")).text
