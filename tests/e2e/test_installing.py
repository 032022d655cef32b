"""The site as an app: it can be installed, and says so when there is no connection."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, take_picture

IN_CONTROL = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"


async def open_controlled(page: Page, path: str) -> None:
    """The page, once the service worker stands between it and the network."""
    await page.goto(path)
    await page.wait_for_function(IN_CONTROL)


@pytest.mark.parametrize(
    ("key", "size", "theme", "heading"),
    [("kari", PHONE, "dark", "Ingen forbindelse"), ("anders", DESKTOP, "light", "Ingen anslutning")],
    ids=["phone", "desktop"],
)
async def test_without_a_connection_a_page_says_so_until_it_is_back(
    open_page: OpenPage, key: str, size: tuple[int, int], theme: str, heading: str
) -> None:
    page = await open_page(key, size=size, theme=theme)
    await open_controlled(page, "/cases")
    await page.context.set_offline(True)
    await page.goto("/practices")
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert await page.evaluate("getComputedStyle(document.querySelector('.error-page')).maxInlineSize") != "none"
    assert f"{key}@" not in await page.content()
    await take_picture(page, f"offline-{size[0]}")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", level=1)).not_to_have_text(heading)
    assert page.url.endswith("/practices")


async def test_a_draft_survives_a_lost_connection_and_a_closed_tab(open_page: OpenPage) -> None:
    page = await open_page("james", size=PHONE)
    await open_controlled(page, "/cases/new")
    await page.context.set_offline(True)
    await page.locator("[name=situation]").fill("The buyer went silent on the train.")
    await expect(page.locator("[data-autosave-status]")).to_have_attribute("data-kind", "failed")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("No connection")
    await page.context.set_offline(False)
    await expect(page.locator("[name=situation]")).to_have_value("The buyer went silent on the train.")
    await expect(page.locator("[data-autosave-status]")).to_have_attribute("data-kind", "saved")


async def test_a_browser_offers_to_install_it(open_page: OpenPage) -> None:
    page = await open_page("sofia")
    await open_controlled(page, "/")
    devtools = await page.context.new_cdp_session(page)
    manifest = await devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert '"name": "Unstuck"' in manifest["data"] or '"name":"Unstuck"' in manifest["data"]
    found = (await devtools.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    # A test's window is a private one; nothing else must stand in the way.
    assert {error["errorId"] for error in found} <= {"in-incognito"}
