"""While a case is written: the obstacle it sounds like; and what is said of matches, by keyboard and mouse."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, take_picture

BEHIND = "We only get to talk to the buyer. The director who decides is somebody he does not let us meet."
READ_SECONDS = 60
"""The worker reads the demo's cases while the first pages are asked for."""
CODE = "no_decision_maker_access"


async def write(page: Page) -> None:
    await page.goto("/cases/new")
    await page.locator("[name=situation]").fill(BEHIND)
    await expect(page.locator(f"[data-suggestion={CODE}]")).to_be_visible()


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
async def test_a_suggested_obstacle_is_ticked_by_one_key(
    open_page: OpenPage, size: tuple[int, int], theme: str
) -> None:
    page = await open_page("james", size=size, theme=theme)
    await write(page)
    box = page.locator(f"[name=obstacles][value={CODE}]")
    await expect(box).not_to_be_checked()
    await page.get_by_role("button", name="Why?").click()
    await expect(page.locator(".suggestion-words p")).to_be_visible()
    await take_picture(page, f"suggestion-{size[0]}")
    await page.locator("[name=situation]").focus()
    await page.keyboard.press("Alt+Enter")
    await expect(box).to_be_checked()
    await expect(page.locator("[data-suggestion]")).to_have_count(0)
    await expect(page.locator("[name=situation]")).to_be_focused()
    assert await page.locator("[name=situation]").input_value() == BEHIND
    await expect(page.locator("#announcer")).to_contain_text("Ticked: No access to the decision maker")


async def test_a_refused_obstacle_is_not_suggested_again_for_the_draft(open_page: OpenPage) -> None:
    page = await open_page("aino", size=PHONE)
    await write(page)
    async with page.expect_response("**/draft/autosave"):
        await page.locator("[name=title]").fill("The buyer stands between")
    await page.locator("[data-suggest=dismiss]").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-suggestion]")).to_have_count(0)
    await expect(page.locator("[name=situation]")).to_be_focused()
    for again in (False, True):
        if again:
            await page.reload()
        async with page.expect_response("**/similar/typing*"):
            await page.locator("[name=desired_state]").fill(f"An hour with the director, {again}.")
        await page.wait_for_timeout(1500)
        await expect(page.locator("[data-suggestion]")).to_have_count(0)
    await expect(page.locator(f"[name=obstacles][value={CODE}]")).not_to_be_checked()


async def test_a_match_is_said_not_to_help_where_it_stands(open_page: OpenPage) -> None:
    page = await open_page("sofia")
    said = page.locator(".match-said").first
    for _try in range(READ_SECONDS):
        await page.goto("/search?q=the+champion+left+and+nobody+answers")
        if await said.count():
            break
        await page.wait_for_timeout(1000)
    await said.get_by_role("link", name="Not helpful").click()
    await expect(said).to_be_focused()
    await said.get_by_label("It is out of date").check()
    await take_picture(page, "not-helpful")
    await said.get_by_role("button", name="Say so").click()
    await expect(said).to_contain_text("Not helpful: It is out of date.")
    await said.get_by_role("button", name="Undo").click()
    await expect(said.get_by_role("link", name="Not helpful")).to_be_visible()
