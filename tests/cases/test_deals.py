"""Deals by the CRM's own key: kept in step, never set back, and made into cases by whoever may."""

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent
from app.cases.models import Case, Visibility
from app.cases.workflow import State
from app.core.tenancy import enter_organisation
from app.deals.models import Deal
from tests.conftest import OpenApi
from tests.factories import create_case
from tests.world import ALICE, BOB, CHARLIE, DORA, MONA, Person

PATH = "/api/v1/deals/hubspot/90211"
FACTS = {
    "title": "Rutekart for the northern routes",
    "customer": "Havnelast AS",
    "amount": "480000.50",
    "currency": "NOK",
    "close_date": "2027-03-31",
    "pipeline": "New business",
    "stage": "Proposal sent",
    "url": "https://crm.example/90211",
    "owner": ALICE.email,
    "source_updated_at": "2026-11-20T09:00:00Z",
}
KNOWN = {"source": "hubspot", "external_id": "90211"}


@pytest.fixture
async def crm(open_api: OpenApi) -> httpx.AsyncClient:
    """A program that speaks for the CRM, as itself."""
    return await open_api(ALICE, "deals:write", "cases:read", "cases:write", act_as=False)


async def test_a_deal_is_made_once_and_then_changed(crm: httpx.AsyncClient, session: AsyncSession) -> None:
    made = await crm.put(PATH, json=FACTS)
    assert made.status_code == 201
    assert made.headers["location"] == PATH
    assert made.json() | {"owner": ALICE.email} == made.json() | FACTS | {"status": "open"}
    assert made.json()["owner"] == {"id": str(ALICE.id), "name": ALICE.name}
    again = await crm.put(PATH, json=FACTS)
    assert (again.status_code, again.headers["etag"]) == (200, made.headers["etag"])
    changed = await crm.put(PATH, json={"stage": "Negotiation", "status": "stalled"})
    assert changed.status_code == 200
    assert changed.headers["etag"] != made.headers["etag"]
    assert {name: changed.json()[name] for name in ("stage", "status", "amount")} == {
        "stage": "Negotiation",
        "status": "stalled",
        "amount": "480000.50",
    }
    read = await crm.get(PATH)
    assert (read.json(), read.headers["etag"]) == (changed.json(), changed.headers["etag"])
    trail = (await session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("deal.")))).all()
    assert [(event.action, event.details["fields"]) for event in sorted(trail, key=lambda event: event.id)][1:] == [
        ("deal.changed", "stage, status")
    ]


async def test_what_is_older_never_overwrites_what_is_newer(crm: httpx.AsyncClient) -> None:
    await crm.put(PATH, json=FACTS)
    late = {"amount": "1.00", "customer": "Somebody else", "source_updated_at": "2026-11-20T08:59:59Z"}
    told = await crm.put(PATH, json=late)
    assert told.status_code == 200
    assert told.json() == (await crm.get(PATH)).json()
    assert (told.json()["amount"], told.json()["customer"]) == ("480000.50", "Havnelast AS")
    newer = await crm.put(PATH, json=late | {"source_updated_at": "2026-11-20T10:00:00+01:00"})
    assert newer.json()["customer"] == "Somebody else", "the same moment in another zone is not older"


async def test_if_match_is_heeded_where_it_is_sent(crm: httpx.AsyncClient) -> None:
    assert (await crm.put(PATH, json=FACTS, headers={"If-Match": '"1"'})).status_code == 412
    assert (await crm.get(PATH)).status_code == 404, "what is refused makes nothing"
    etag = (await crm.put(PATH, json=FACTS)).headers["etag"]
    assert (await crm.put(PATH, json={"stage": "Won"}, headers={"If-Match": etag})).status_code == 200
    assert (await crm.put(PATH, json={"stage": "Lost"}, headers={"If-Match": etag})).status_code == 412
    assert (await crm.put(PATH, json={"stage": "Lost"}, headers={"If-Match": "newest"})).status_code == 400


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "12345678901234567890"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"currency": "KRONER"}, "currency"),
        ({"close_date": "soon"}, "close_date"),
        ({"status": "rotten"}, "status"),
        ({"stage": "x" * 121}, "stage"),
        ({"title": "two\nlines"}, "title"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"source_updated_at": "2026-11-20T09:00:00"}, "source_updated_at"),
        ({"source_updated_at": "0001-01-01T00:00:00+01:00"}, "source_updated_at"),
        ({"source_updated_at": "9999-12-31T23:59:59-01:00"}, "source_updated_at"),
        ({"owner": ""}, "owner"),
        ({"owner": "nobody@fjord.example"}, "owner"),
        ({"owner": DORA.email}, "owner"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_field_that_cannot_be_taken_is_named_and_nothing_is_made(
    crm: httpx.AsyncClient, facts: dict[str, str], field: str
) -> None:
    refused = await crm.put(PATH, json=FACTS | facts)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == [field]
    assert (await crm.get(PATH)).status_code == 404


async def test_money_as_people_write_it_is_read(crm: httpx.AsyncClient) -> None:
    assert (await crm.put(PATH, json={"amount": "1\u00a0234,50"})).json()["amount"] == "1234.50"


async def test_a_changed_deal_shows_on_its_case_and_gives_it_a_new_version(
    crm: httpx.AsyncClient, session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    case = await create_case(session, deal=KNOWN)
    await crm.put(PATH, json={"customer": "Fjordlinja AS", "source_updated_at": "2026-11-20T09:00:00Z"})
    assert "Fjordlinja AS" in (await alice.get(f"/cases/{case.id}")).text
    await session.refresh(case)
    version = case.version
    later = {"source_updated_at": "2026-11-21T09:00:00Z", "stage": "Negotiation", "owner": BOB.email}
    assert (await crm.put(PATH, json=later)).status_code == 200
    await session.refresh(case)
    assert case.version == version, "nothing that the case shows has changed"


async def test_a_key_without_the_scope_neither_reads_nor_writes(session: AsyncSession, open_api: OpenApi) -> None:
    reader = await open_api(ALICE, "cases:read", "cases:write", act_as=False)
    assert (await reader.put(PATH, json=FACTS)).status_code == 403
    assert (await reader.get(PATH)).status_code == 403
    await create_case(session, deal=KNOWN, visibility=Visibility.RESTRICTED)
    assert (await reader.post(f"{PATH}/case", json={})).status_code == 404
    assert (await reader.get(f"{PATH}/similar-cases")).status_code == 404


@pytest.mark.parametrize("external_id", ["%E6%BC%A2", "a%20b", "50%25", "%F0%9F%98%80"])
async def test_an_id_in_any_letters_has_an_address(crm: httpx.AsyncClient, external_id: str) -> None:
    made = await crm.put(f"/api/v1/deals/hubspot/{external_id}", json={"title": "Offer"})
    assert made.status_code == 201
    assert (await crm.get(made.headers["location"])).json() == made.json()


@pytest.mark.parametrize(
    ("person", "reads", "writes"), [(ALICE, 200, 200), (MONA, 200, 403), (CHARLIE, 404, 404), (DORA, 404, 201)]
)
async def test_a_user_has_the_deals_of_the_cases_they_see_and_changes_their_own(
    session: AsyncSession, open_api: OpenApi, person: Person, reads: int, writes: int
) -> None:
    """Mona leads the team of Alice's case; Charlie is in another team, Dora in another organisation."""
    await create_case(session, deal=KNOWN)
    user = await open_api(person, "deals:write", "act-as")
    await enter_organisation(session, person.organisation_id)
    assert (await user.get(PATH)).status_code == reads
    assert (await user.put(PATH, json={"stage": "Negotiation"})).status_code == writes


async def test_two_organisations_have_the_same_key_apart(open_api: OpenApi) -> None:
    first = await open_api(ALICE, "deals:write", act_as=False)
    second = await open_api(DORA, "deals:write", act_as=False)
    await first.put(PATH, json={"customer": "Havnelast AS"})
    assert (await second.get(PATH)).status_code == 404
    assert (await second.put(PATH, json={"customer": "Another AS"})).status_code == 201
    assert (await first.get(PATH)).json()["customer"] == "Havnelast AS"


async def test_a_case_is_made_of_a_deal_once(
    crm: httpx.AsyncClient, session: AsyncSession, alice: httpx.AsyncClient
) -> None:
    await crm.put(PATH, json=FACTS)
    assert (await crm.get(f"{PATH}/case")).status_code == 404
    made = await crm.post(f"{PATH}/case", json={"situation": "Nobody answers.", "obstacles": ["silent"]})
    assert made.status_code == 201
    case = made.json()
    assert made.headers["location"] == f"/api/v1/cases/{case['id']}"
    assert (case["state"], case["title"], case["customer"]) == ("draft", FACTS["title"], FACTS["customer"])
    assert (case["owner"]["name"], case["deal"]["external_id"]) == (ALICE.name, "90211")
    assert [need["field"] for need in case["next"]["missing"]] == ["desired_state"]
    again = await crm.post(f"{PATH}/case", json={"situation": "Something else."})
    assert (again.status_code, again.json()["id"], again.json()["situation"]) == (200, case["id"], "Nobody answers.")
    assert (await crm.get(f"{PATH}/case")).json()["id"] == case["id"]
    assert FACTS["title"] in (await alice.get("/cases")).text
    assert await session.scalar(select(func.count()).select_from(Case).join(Deal, Deal.id == Case.deal_id)) == 1


async def test_a_closed_case_does_not_keep_the_deal_from_being_stuck_again(
    crm: httpx.AsyncClient, session: AsyncSession
) -> None:
    await create_case(session, deal=KNOWN, state=State.WITHDRAWN, visibility=Visibility.EVERYONE)
    assert (await crm.get(f"{PATH}/case")).status_code == 404
    assert (await crm.post(f"{PATH}/case", json={"title": "Quiet again"})).status_code == 201


async def test_a_case_that_is_hidden_from_the_asker_is_not_told_of(
    crm: httpx.AsyncClient, session: AsyncSession, open_api: OpenApi
) -> None:
    await create_case(session, deal=KNOWN, visibility=Visibility.RESTRICTED)
    assert (await crm.get(f"{PATH}/case")).status_code == 404
    assert (await crm.post(f"{PATH}/case", json={})).status_code == 201
    colleague = await open_api(BOB, "cases:read", "cases:write", "act-as")
    assert (await colleague.get(f"{PATH}/case")).status_code == 404
    assert (await colleague.post(f"{PATH}/case", json={})).status_code == 404


@pytest.mark.parametrize("owner", [ALICE.email, None])
async def test_the_owner_behind_a_case_without_a_name_stays_hidden(
    crm: httpx.AsyncClient, session: AsyncSession, open_api: OpenApi, owner: str | None
) -> None:
    """Whether the CRM has told whose deal it is before the case is posted, or tells it afterwards."""
    await crm.put(PATH, json={name: value for name, value in FACTS.items() if name != "owner" or owner})
    await create_case(session, deal=KNOWN | {"external_id": "another"})
    seller = await open_api(ALICE, "deals:write", "cases:read", "cases:write", "act-as")
    told = {"situation": "Nobody answers.", "obstacles": ["silent"], "desired_state": "A meeting.", "anonymous": True}
    case = {**told, "title": "Quiet", "customer": "Havnelast AS", "deal": KNOWN}
    draft = (await seller.post("/api/v1/cases", json=case)).json()
    assert (await seller.post(f"/api/v1/cases/{draft['id']}/post", json={})).status_code == 200
    await crm.put(PATH, json=FACTS | {"amount": "2.00", "source_updated_at": "2026-11-22T09:00:00Z"})
    colleague = await open_api(BOB, "deals:write", "cases:read", "cases:write", "act-as")
    for client in (colleague, crm):
        read = await client.get(PATH)
        assert (read.json()["amount"], read.json()["owner"]) == ("2.00", None)
    withdrawn = await seller.post(f"/api/v1/cases/{draft['id']}/withdraw", json={"reason": "Bought."})
    assert withdrawn.status_code == 200
    refused = await crm.post(f"{PATH}/case", json={})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["owner"])
    trail = (await session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("deal.")))).all()
    assert ALICE.id not in {event.user_id for event in trail}


async def test_similar_cases_of_a_deal_are_those_of_its_case_or_of_its_name(
    crm: httpx.AsyncClient, session: AsyncSession
) -> None:
    await crm.put(PATH, json=FACTS)
    found = await crm.get(f"{PATH}/similar-cases")
    assert found.status_code == 200
    assert found.json()["learn"] == []
    assert (await crm.get("/api/v1/deals/hubspot/unknown/similar-cases")).status_code == 404
