"""Where a plan is made: what worked in cases like it, and “we tried that before” put to the test."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Organisation, User
from app.cases.models import Case, Code, Plan
from app.cases.workflow import State
from app.core.db import create_engine, create_session_factory
from app.core.tenancy import enter_organisation
from tests.e2e.conftest import DESKTOP, PHONE, READY_SECONDS, OpenPage, Site, take_picture
from tests.e2e.test_accessibility import Visit


@pytest.fixture(scope="module")
async def session(site: Site) -> AsyncIterator[AsyncSession]:
    engine = create_engine(site.database.app_url)
    async with create_session_factory(engine)() as session:
        organisation = (await session.scalars(select(Organisation).where(Organisation.is_demo))).one()
        await enter_organisation(session, organisation.id)
        yield session
    await engine.dispose()


async def find_plan(session: AsyncSession) -> tuple[str, UUID, UUID]:
    """Whose, in which case, and which: a plan of a case in which plans are being made."""
    found = await session.execute(
        select(Identity.email, Plan.case_id, Plan.id)
        .join_from(Plan, Case, Case.id == Plan.case_id)
        .join(User, User.id == Case.owner_id)
        .join(Identity, Identity.id == User.identity_id)
        .where(Case.state == State.CREATING, Case.visibility == "everyone", Plan.letter == "A")
        .order_by(Plan.id)
        .limit(1)
    )
    email, case_id, plan_id = found.one()
    return email.partition("@")[0], case_id, plan_id


async def wait_for_moves(page: Page, case_id: UUID) -> None:
    """Until the worker has read the demo's cases."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        await page.goto(f"/cases/{case_id}/what-worked")
        if await page.locator(".tried-move").count():
            return
        await asyncio.sleep(1)
    raise TimeoutError("no case was read")


async def press_by_keyboard(page: Page, selector: str) -> None:
    await page.locator(selector).first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_load_state()


async def test_a_plan_starts_from_what_worked_without_javascript(open_page: OpenPage, session: AsyncSession) -> None:
    owner, case_id, _plan_id = await find_plan(session)
    page = await open_page(owner, size=PHONE, javascript=False)
    await wait_for_moves(page, case_id)
    await page.goto(f"/cases/{case_id}")
    await press_by_keyboard(page, f"a[href='/cases/{case_id}/what-worked']")
    await expect(page.locator(".tried-move")).not_to_have_count(0)
    await press_by_keyboard(page, ".tried-move .match-actions a")
    await expect(page.locator("[name=move]")).not_to_have_value("")
    await expect(page.locator("[name=basis_case_id], [name=basis_practice_id]")).not_to_have_count(0)


async def test_what_worked_arrives_where_plans_are_made(open_page: OpenPage, session: AsyncSession) -> None:
    owner, case_id, _plan_id = await find_plan(session)
    page = await open_page(owner, size=DESKTOP)
    await wait_for_moves(page, case_id)
    await page.goto(f"/cases/{case_id}/plans/new")
    await expect(page.locator("#what-worked .tried-move")).not_to_have_count(0)
    faults = await Visit(page, f"/cases/{case_id}/plans/new", "desktop").find_faults()
    await page.goto(f"/cases/{case_id}")
    await page.locator("#what-worked").scroll_into_view_if_needed()
    await expect(page.locator("#what-worked .tried-move")).not_to_have_count(0)
    phone = await open_page(owner, size=PHONE, theme="dark", language="nb")
    faults += await Visit(phone, f"/cases/{case_id}/what-worked", "phone").find_faults()
    assert faults == []


@pytest.mark.parametrize("javascript", [True, False])
async def test_we_tried_that_before_is_held_against_the_earlier_case(
    open_page: OpenPage, session: AsyncSession, *, javascript: bool
) -> None:
    owner, case_id, plan_id = await find_plan(session)
    page = await open_page(owner, size=PHONE, language="sv", javascript=javascript)
    await page.goto(f"/cases/{case_id}/plans/{plan_id}/objections/new")
    await page.locator("[name=kind][value=tried_before]").check()
    await page.locator("[name=text]").fill("Det provade vi i våras.")
    await press_by_keyboard(page, "main form [type=submit]")
    names = (await session.scalars(select(Code.names).where(Code.key == "tried_before"))).one()
    kind = page.locator(".objection:has-text('i våras') .objection-kind").last
    await expect(kind).to_contain_text(re.compile("|".join(map(re.escape, names.values()))))
    link = ".objection:has-text('i våras') a[href$='/earlier-case']"
    await press_by_keyboard(page, link)
    await take_picture(page, f"picker-{javascript}")
    await page.locator("[name=q]").last.fill("status:stängd")
    await page.locator("[name=q]").last.press("Enter")
    await page.locator("[name=case_id]").first.focus()
    await page.keyboard.press("Space")
    await press_by_keyboard(page, "form[method=post]:has([name=case_id]) [type=submit]")
    await expect(page.locator(".compared-row")).to_have_count(8)
    path = page.url.partition("://")[2].partition("/")[2]
    if javascript:
        assert await Visit(page, f"/{path}", "compared").find_faults() == []
        wide = await open_page(owner, size=DESKTOP, theme="dark")
        assert await Visit(wide, f"/{path}", "compared-wide").find_faults() == []
