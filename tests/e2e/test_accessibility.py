"""No page has a serious fault for somebody who cannot see, cannot use a mouse, or looks at a phone."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation, User
from app.cases.models import Case
from app.cases.workflow import State
from app.core.db import create_engine, create_session_factory
from app.core.tenancy import enter_organisation
from app.practices.models import Practice
from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, Site, take_picture

SERIOUS = {"serious", "critical"}
TABLET = (768, 1024)
NARROW = (320, 640)

# Every role, language, width and theme appears, and every pair of two of them that could hide a fault.
LOOKS = [
    ("kari", "nb", DESKTOP, "light"),
    ("kari", "nb", PHONE, "dark"),
    ("anders", "sv", TABLET, "dark"),
    ("sofia", "en", DESKTOP, "dark"),
    ("ingrid", "nb", TABLET, "light"),
    ("james", "en", NARROW, "light"),
    ("henrik", "nb", DESKTOP, "dark"),
    ("anne", "nb", PHONE, "light"),
]
EVERYBODY = ["/", "/cases", "/cases?whose=all", "/cases/new", "/practices", "/search", "/search?q=champion", "/account"]
ADMIN = ["/admin", "/admin/teams", "/admin/keys"]


@pytest.fixture(scope="module")
async def session(site: Site) -> AsyncIterator[AsyncSession]:
    engine = create_engine(site.database.app_url)
    async with create_session_factory(engine)() as session:
        organisation = (await session.scalars(select(Organisation).where(Organisation.is_demo))).one()
        await enter_organisation(session, organisation.id)
        yield session
    await engine.dispose()


async def find_faults(page: Page) -> list[str]:
    """Serious faults axe finds, and a page that is wider than its window."""
    results = await Axe().run(page)
    faults = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in results.response["violations"]
        if violation["impact"] in SERIOUS
    ]
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*faults, *([f"{overflow} px too wide"] if overflow > 0 else [])]


async def visit(page: Page, path: str, label: str) -> list[str]:
    response = await page.goto(path)
    assert response is not None
    assert response.status == 200, f"{path} answered {response.status}"
    await page.wait_for_load_state("networkidle")
    await take_picture(page, f"{label}{path.partition('?')[0].replace('/', '-')}")
    return [f"{path} {fault}" for fault in await find_faults(page)]


@pytest.mark.e2e
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[2][0]}-{look[3]}")
async def test_pages_have_no_serious_fault(
    look: tuple[str, str, tuple[int, int], str], open_page: OpenPage, session: AsyncSession
) -> None:
    key, language, size, theme = look
    page = await open_page(key, language=language, size=size, theme=theme)
    paths = [*EVERYBODY, *await find_case_pages(session), *(ADMIN if key == "anne" else [])]
    faults = [fault for path in paths for fault in await visit(page, path, f"{key}-{size[0]}-{theme}")]
    assert faults == []


async def find_case_pages(session: AsyncSession) -> list[str]:
    """A case in each state, and a practice, that everybody may read."""
    paths = []
    for state in (State.INVESTIGATING, State.CREATING, State.TRYING, State.RESOLVED):
        found = await session.scalar(
            select(Case.id).where(Case.state == state, Case.visibility == "everyone").order_by(Case.id).limit(1)
        )
        if found is not None:
            paths.append(f"/cases/{found}")
    practice = await session.scalar(select(Practice.id).order_by(Practice.id).limit(1))
    return [*paths, f"/practices/{practice}"]


@pytest.mark.e2e
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_entrance_has_no_serious_fault(open_page: OpenPage, theme: str) -> None:
    page = await open_page(theme=theme, size=PHONE, language="sv")
    assert await visit(page, "/sign-in", f"visitor-{theme}") == []


@pytest.mark.e2e
async def test_the_owner_finds_no_fault_in_the_forms(open_page: OpenPage, session: AsyncSession) -> None:
    page = await open_page("kari", language="nb")
    forms = {State.CREATING: "plans/new", State.TRYING: "outcome", State.RESOLVED: "share"}
    owner = select(User.id).where(User.name == "Kari Myhre").scalar_subquery()
    faults = []
    for state, form in forms.items():
        owned = select(Case.id).where(Case.state == state, Case.owner_id == owner).order_by(Case.id).limit(1)
        found = await session.scalar(owned)
        if found is not None:
            faults += await visit(page, f"/cases/{found}/{form}", "kari-form")
    assert faults == []
