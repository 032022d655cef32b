"""The nearest stage alone, on vectors made for the purpose: what is found is what NumPy finds among the same rows."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import OrganisationName, Viewer
from app.cases.models import Case, HatStatus, Visibility
from app.cases.workflow import State
from app.core.db import new_id
from app.core.tenancy import enter_organisation
from app.deals.models import Deal
from app.practices.models import Audience
from app.similar import nearest
from app.similar.filters import Filters
from app.similar.generations import get_generation
from app.similar.models import Passage, PassageVector
from app.similar.nearest import find_nearest, list_ways
from app.similar.scope import EVERYTHING, Rows, Scope, belongs_to, select_visible
from tests.factories import NOW, create_case, create_hat, create_practice, create_resolved_case
from tests.world import ADAM, ALICE, BOB, CAST, CHARLIE, DORA, LENA, MONA, Person

DIMENSIONS = 384
DIRECTIONS = 16
ENOUGH = 0.85
"""Of a walk in an index that rolled-back tests have left their rows in; `scripts/bench` measures what users get."""
DEPTH = 10


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests() -> Iterable[None]:
    nearest._known.clear()
    yield
    nearest._known.clear()


@pytest.fixture(params=["exact", "index"])
async def way(request: pytest.FixtureRequest, session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way of finding, whatever the number of rows."""
    line = 1_000_000 if request.param == "exact" else -1
    monkeypatch.setattr(nearest, "FEWEST_BY_INDEX", line)
    monkeypatch.setattr(nearest, "MOST_EXACT", line)
    # PostgreSQL would sort so few rows rather than walk the index.
    await session.execute(text("SET LOCAL enable_sort = off"))
    way: str = request.param
    return way


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which ways were gone, in their order."""
    gone: list[str] = []

    def note(way: str, name: str) -> None:
        write = getattr(nearest, name)

        def written(*args: Any, **kwargs: Any) -> Any:
            if gone[-1:] != [way]:
                gone.append(way)
            return write(*args, **kwargs)

        monkeypatch.setattr(nearest, name, written)

    note("by_index", "write_walk")
    note("exactly", "write_exact")
    return gone


def make_viewer(person: Person, **fields: Any) -> Viewer:
    teams = (person.team_id,)
    return Viewer(
        OrganisationName(person.organisation_id, person.organisation, person.organisation),
        **{"user_id": person.id, "team_ids": teams, "led_team_ids": teams if person.leads else (), **fields},
    )


def make_unit_vectors(count: int, seed: int, around: np.ndarray | None = None) -> np.ndarray:
    """In as many directions as texts differ in; in all of them no index of vectors has neighbourhoods."""
    basis = np.random.default_rng(0).normal(size=(DIRECTIONS, DIMENSIONS)) / DIRECTIONS**0.5
    found = (np.random.default_rng(seed).normal(size=(count, DIRECTIONS)) @ basis).astype(np.float32)
    if around is not None:
        found = 0.02 * found + around
    vectors: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return vectors


async def add_cases(
    session: AsyncSession,
    person: Person,
    vectors: np.ndarray,
    *,
    states: Sequence[State] = (State.RESOLVED, State.TRYING),
    passages: int = 1,
    **fields: Any,
) -> list[UUID]:
    """As many cases as there are vectors, by bulk; each has so many passages, all near its vector."""
    await enter_organisation(session, person.organisation_id)
    organisation = {"organisation_id": person.organisation_id}
    generation_id = await get_generation(session, person.organisation_id, "made up")
    deal = Deal(**organisation, customer="Havnelast AS", owner_id=person.id)
    session.add(deal)
    await session.flush()
    shared = organisation | {
        "visibility": Visibility.EVERYONE,
        "owner_id": person.id,
        "author_id": person.id,
        "team_id": person.team_id,
        "deal_id": deal.id,
        "language": "en",
        "posted_at": NOW,
        "title": "Stuck",
        "situation": "Stuck.",
        "desired_state": "Not stuck.",
        **fields,
    }
    cases = [shared | {"id": new_id(), "state": states[n % len(states)]} for n in range(len(vectors))]
    await session.execute(insert(Case), cases)
    pieces, rows = [], []
    for case, vector in zip(cases, vectors, strict=True):
        for position in range(passages):
            piece = organisation | {
                "id": new_id(),
                "case_id": case["id"],
                "practice_id": None,
                "section": "situation",
                "position": position,
                "text": "Stuck.",
                "language": "en",
                "words": "",
                "content_hash": "",
            }
            pieces.append(piece)
            key = {name: piece[name] for name in ("organisation_id", "case_id", "practice_id")}
            moved = vector if position == 0 else 0.9 * vector
            rows.append(
                key
                | {"generation_id": generation_id, "passage_id": piece["id"], "vector": moved / np.linalg.norm(moved)}
            )
    if rows:
        await session.execute(insert(Passage), pieces)
        await session.execute(insert(PassageVector), rows)
    await enter_organisation(session, ALICE.organisation_id)
    return [case["id"] for case in cases]


async def find(
    session: AsyncSession, viewer: Viewer, vector: np.ndarray, filters: Filters = EVERYTHING, depth: int = DEPTH
) -> Rows:
    await enter_organisation(session, viewer.organisation_id)
    generation_id = await get_generation(session, viewer.organisation_id, "made up")
    found = await find_nearest(session, Scope(viewer, filters), vector, generation_id, depth)
    await enter_organisation(session, ALICE.organisation_id)
    return found


async def count_walks(session: AsyncSession) -> int:
    """How often this transaction has walked the index of vectors."""
    count = text("SELECT pg_stat_get_xact_numscans(cast('ix_passage_vectors_vector' AS regclass))")
    walked: int = await session.scalar(count)
    return walked


async def find_with_numpy(
    session: AsyncSession, viewer: Viewer, vector: np.ndarray, filters: Filters = EVERYTHING, depth: int = DEPTH
) -> dict[bool, list[UUID]]:
    """The nearest cases of each pool among the rows that the viewer may see, as `select_visible` has them."""
    await enter_organisation(session, viewer.organisation_id)
    visible = select_visible(viewer, filters).cte("visible")
    rows = (
        await session.execute(
            select(visible.c.case_id, visible.c.is_open, PassageVector.vector).join_from(
                visible, PassageVector, belongs_to(visible, PassageVector)
            )
        )
    ).all()
    await enter_organisation(session, ALICE.organisation_id)
    pools: dict[bool, dict[UUID, float]] = {False: {}, True: {}}
    for row in rows:
        near = float(np.asarray(row.vector, np.float32) @ vector)
        pools[row.is_open][row.case_id] = max(near, pools[row.is_open].get(row.case_id, -2.0))
    return {pool: sorted(found, key=lambda id_: -found[id_])[:depth] for pool, found in pools.items()}


def by_pool(rows: Rows) -> dict[bool, list[UUID]]:
    return {pool: [row.case_id for row in rows if row.is_open is pool] for pool in (False, True)}


def measure_recall(found: dict[bool, list[UUID]], wanted: dict[bool, list[UUID]]) -> float:
    shares = [len(set(found[pool]) & set(wanted[pool])) / len(wanted[pool]) for pool in wanted if wanted[pool]]
    return float(np.mean(shares))


async def test_the_nearest_of_each_pool_come_in_their_order(session: AsyncSession, way: str) -> None:
    await add_cases(session, ALICE, make_unit_vectors(600, 1), passages=3)
    for vector in make_unit_vectors(5, 2):
        found = await find(session, make_viewer(BOB), vector)
        wanted = await find_with_numpy(session, make_viewer(BOB), vector)
        assert by_pool(found) == wanted if way == "exact" else measure_recall(by_pool(found), wanted) >= ENOUGH
        distances = [row.distance for row in found if not row.is_open]
        assert distances == sorted(distances)
    assert (await count_walks(session) > 0) is (way == "index")


@pytest.mark.parametrize("share", [1, 10, 100, 300])
async def test_filters_never_cost_a_match(session: AsyncSession, way: str, share: int) -> None:
    count = 600
    rare = make_unit_vectors(2 * count // share, 3)
    await add_cases(session, CHARLIE, rare)
    await add_cases(session, ALICE, make_unit_vectors(count - len(rare), 4) if share > 2 else make_unit_vectors(9, 4))
    filters = Filters(team_id=CHARLIE.team_id)
    recalls = []
    for vector in make_unit_vectors(5, 5):
        found = by_pool(await find(session, make_viewer(BOB), vector, filters))
        wanted = await find_with_numpy(session, make_viewer(BOB), vector, filters)
        assert {pool: len(ids) for pool, ids in found.items()} == {pool: len(ids) for pool, ids in wanted.items()}
        recalls.append(measure_recall(found, wanted))
    assert np.mean(recalls) >= (1 if way == "exact" else ENOUGH)


async def test_what_passes_may_lie_farthest_from_the_query(
    session: AsyncSession, way: str, walks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "SET_UP_WALK", text(str(nearest.SET_UP_WALK).replace("60000", "50")))
    query = make_unit_vectors(1, 6)[0]
    await add_cases(session, ALICE, make_unit_vectors(800, 7, around=query))
    far = await add_cases(session, CHARLIE, make_unit_vectors(24, 8, around=-query))
    found = by_pool(await find(session, make_viewer(BOB), query, Filters(team_id=CHARLIE.team_id)))
    assert found == await find_with_numpy(session, make_viewer(BOB), query, Filters(team_id=CHARLIE.team_id))
    assert {pool: len(ids) for pool, ids in found.items()} == {False: 10, True: 10}
    assert set(found[False] + found[True]) <= set(far)
    assert walks == (["exactly"] if way == "exact" else ["by_index", "exactly"])


async def test_another_tenant_a_hundred_times_larger_crowds_nobody_out(session: AsyncSession, way: str) -> None:
    query = make_unit_vectors(1, 9)[0]
    await add_cases(session, DORA, make_unit_vectors(3000, 10, around=query))
    mine = await add_cases(session, ALICE, make_unit_vectors(30, 11))
    found = by_pool(await find(session, make_viewer(BOB), query))
    assert found == await find_with_numpy(session, make_viewer(BOB), query), way
    assert {pool: len(ids) for pool, ids in found.items()} == {False: 10, True: 10}
    assert set(found[False] + found[True]) <= set(mine)
    theirs = by_pool(await find(session, make_viewer(DORA), query))
    assert not set(theirs[False] + theirs[True]) & set(mine)


async def test_few_rights_find_all_that_they_reach(session: AsyncSession, way: str) -> None:
    query = make_unit_vectors(1, 12)[0]
    await add_cases(session, ALICE, make_unit_vectors(500, 13, around=query), visibility=Visibility.TEAM)
    await add_cases(session, BOB, make_unit_vectors(100, 14, around=query), visibility=Visibility.RESTRICTED)
    await add_cases(session, CHARLIE, make_unit_vectors(6, 15), visibility=Visibility.TEAM)
    for person in (CHARLIE, LENA, MONA, BOB):
        found = by_pool(await find(session, make_viewer(person), query))
        wanted = await find_with_numpy(session, make_viewer(person), query)
        assert {pool: len(ids) for pool, ids in found.items()} == {pool: len(ids) for pool, ids in wanted.items()}, way
        assert measure_recall(found, wanted) >= (1 if way == "exact" else ENOUGH), person.key


async def test_a_case_of_many_passages_takes_one_place(session: AsyncSession, way: str) -> None:
    query = make_unit_vectors(1, 16)[0]
    crowd = await add_cases(session, ALICE, make_unit_vectors(2, 17, around=query), passages=300)
    others = await add_cases(session, ALICE, make_unit_vectors(40, 18))
    found = by_pool(await find(session, make_viewer(BOB), query))
    assert found == await find_with_numpy(session, make_viewer(BOB), query), way
    assert [ids[0] for ids in found.values()] == crowd
    assert set(found[False][1:] + found[True][1:]) <= set(others)


async def test_a_practice_is_found_by_its_own_passage_where_the_case_may_not_be_read(
    session: AsyncSession, way: str
) -> None:
    query, other = make_unit_vectors(2, 19)
    case = await create_resolved_case(session, visibility=Visibility.RESTRICTED)
    practice = await create_practice(session, case)
    generation_id = await get_generation(session, ALICE.organisation_id, "made up")
    for practice_id, vector in ((None, query), (practice.id, other)):
        passage = Passage(
            organisation_id=ALICE.organisation_id,
            case_id=case.id,
            practice_id=practice_id,
            section="situation",
            position=0,
            text="Stuck.",
            language="en",
            words="",
            content_hash="",
        )
        session.add(passage)
        await session.flush()
        session.add(
            PassageVector(
                organisation_id=ALICE.organisation_id,
                generation_id=generation_id,
                passage_id=passage.id,
                case_id=case.id,
                practice_id=practice_id,
                vector=vector,
            )
        )
    await session.flush()
    await session.refresh(case)
    (row,) = await find(session, make_viewer(CHARLIE), query)
    assert (row.case_id, row.practice_id, row.readable) == (case.id, practice.id, False)
    assert row.distance == pytest.approx(-float(other @ query), abs=1e-3)
    (row,) = await find(session, make_viewer(ALICE), query)
    assert row.readable
    assert row.distance == pytest.approx(-1.0, abs=1e-3), way


async def test_a_new_case_is_found_whatever_was_counted_before(session: AsyncSession) -> None:
    query = make_unit_vectors(1, 20)[0]
    assert await find(session, make_viewer(BOB), query) == []
    made = await add_cases(session, ALICE, make_unit_vectors(4, 21))
    found = await find(session, make_viewer(BOB), query)
    assert {row.case_id for row in found} == set(made)


async def test_many_are_looked_for_by_index_and_few_are_compared(
    session: AsyncSession, walks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "FEWEST_BY_INDEX", 100)
    monkeypatch.setattr(nearest, "MOST_EXACT", 100)
    await add_cases(session, ALICE, make_unit_vectors(400, 22))
    await add_cases(session, CHARLIE, make_unit_vectors(80, 23))
    query = make_unit_vectors(1, 24)[0]
    await find(session, make_viewer(BOB), query)
    assert walks[0] == "by_index"
    walks.clear()
    await find(session, make_viewer(BOB), query, Filters(team_id=CHARLIE.team_id))
    assert walks == ["exactly"]


@pytest.fixture
async def mixed(session: AsyncSession) -> None:
    """Cases of every owner, state and visibility, with hats and with practices of either audience."""
    await enter_organisation(session, ALICE.organisation_id)
    cast = [person for person in CAST if person.organisation == ALICE.organisation]
    for number, person in enumerate(cast):
        for visibility in Visibility:
            for state in State:
                case = await create_case(session, owner=person, visibility=visibility, state=state)
                if state is State.SHARED:
                    audience = list(Audience)[number % 2]
                    practice = await create_practice(session, case, audience=audience)
                    practice.solver_id = cast[number - 1].id
                if state is State.TRYING:
                    status = list(HatStatus)[number % 3]
                    await create_hat(session, case, cast[number - 2], status=status)
    await session.flush()


@pytest.mark.parametrize("person", [ALICE, BOB, MONA, CHARLIE, LENA, ADAM])
async def test_each_way_of_seeing_a_case_is_known(session: AsyncSession, mixed: None, person: Person) -> None:
    viewer = make_viewer(person)
    visible = set((await session.scalars(select_visible(viewer, EVERYTHING).with_only_columns(Case.id))).all())
    reached: set[UUID] = set()
    for way in list_ways(viewer):
        reached |= set((await session.scalars(way)).all())
    assert visible
    assert visible <= reached


async def test_a_program_reaches_what_it_may_see(session: AsyncSession, mixed: None) -> None:
    viewer = make_viewer(ALICE, user_id=None, team_ids=(), client_id=new_id())
    visible = set((await session.scalars(select_visible(viewer, EVERYTHING).with_only_columns(Case.id))).all())
    reached = {id_ for way in list_ways(viewer) for id_ in await session.scalars(way)}
    assert visible
    assert visible <= reached


async def test_settings_of_a_walk_end_with_the_transaction(session: AsyncSession, way: str) -> None:
    await find(session, make_viewer(BOB), make_unit_vectors(1, 25)[0])
    await session.rollback()
    scan = await session.scalar(text("SELECT current_setting('hnsw.iterative_scan', true)"))
    assert scan in {None, "off"}, way
