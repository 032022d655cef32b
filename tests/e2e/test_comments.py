"""A colleague is mentioned by typing: offered after the @, taken by the keyboard or a tap."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, take_picture
from tests.e2e.test_accessibility import find_faults


async def open_case(page: Page) -> None:
    """A case that everyone may read, with its comments fetched."""
    await page.goto("/cases?whose=all")
    await page.get_by_role("link", name="Hovedtillitsvalgt kaller Skiftplan").click()
    await expect(page.locator("#comments textarea")).to_be_visible()


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
async def test_somebody_is_mentioned_by_typing(open_page: OpenPage, size: tuple[int, int], theme: str) -> None:
    page = await open_page("james", size=size, theme=theme)
    await open_case(page)
    field = page.locator("#comments textarea")
    offered = page.get_by_role("listbox")
    await field.press_sequentially("Mail me@")
    await expect(offered).to_have_count(0)
    await field.press_sequentially(", @s")
    await expect(offered.get_by_role("option", selected=True)).to_have_text("Silje Aasen")
    await take_picture(page, f"mention-{size[0]}")
    assert await find_faults(page) == []
    await field.press("ArrowDown")
    await field.press("Enter")
    await expect(field).to_have_value("Mail me@, @Sofia Bergström ")
    await field.press_sequentially("and @berg")
    await page.get_by_role("option", name="Bergen (team)").click()
    await field.press_sequentially("know them, @an")
    await field.press("Escape")
    await expect(offered).to_have_count(0)
    await page.get_by_role("button", name="Comment", exact=True).click()
    written = page.locator("#comments .message").last
    await expect(written.locator(".mention")).to_have_text(["@Sofia Bergström", "@Bergen"])
    await expect(field).to_be_focused()
    await written.get_by_role("link", name="Change").click()
    change = page.locator("#comments textarea")
    await expect(change).to_be_focused()
    await change.fill("Never mind.")
    await page.get_by_role("button", name="Save").click()
    await expect(written).to_contain_text("Never mind.")
    await take_picture(page, f"comments-{size[0]}")
    assert await find_faults(page) == []
    await written.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Yes, do it").click()
    await expect(page.locator("#comments")).not_to_contain_text("Never mind.")
