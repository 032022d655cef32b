"""What the product is for, done by two people: a stuck deal is posted, planned, tried, and shared for the next one."""

import re
from pathlib import PurePosixPath

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, take_picture

TITLE = "Harbour crane operator went quiet once the sponsor left"
STORY = {
    "title": TITLE,
    "customer": "Brattvik Havn KF",
    "situation": "The operations manager who wanted us has left for another port. Her successor has not answered "
    "three mails and a call. The trial ends in four weeks.",
    "desired_state": "Half an hour with the successor before the trial ends.",
}
PLAN_A = {
    "move": "Ask the former sponsor to introduce us to her successor.",
    "positioning": "Anna suggested you decide whether this is worth half an hour.",
    "switch_rule": "No meeting in the calendar by Friday week.",
}
PLAN_B = {"move": "Let the crane foreman show the successor what the trial found."}
OUTCOME = {"worked": "The introduction. He answered the same day.", "not_worked": "Mail from us alone."}
PRACTICE = "When the sponsor leaves, let the sponsor open the door to the successor"


async def fill(page: Page, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        await page.locator(f"[name={name}]").first.fill(text)


async def press(page: Page, name: str, value: str) -> None:
    await page.locator(f"button[name={name}][value={value}]").first.click()
    await page.wait_for_load_state()


async def submit(page: Page, form: str) -> None:
    """Press the visible button of the form whose address ends so."""
    await page.locator(f"form[action$='{form}'] button[type=submit]:not([aria-hidden])").last.click()
    await page.wait_for_load_state()


async def post_case(page: Page) -> str:
    """Write the case, be shown others like it meanwhile, and post it; its address."""
    await page.goto("/cases/new")
    await fill(page, STORY)
    await page.locator("[name=obstacles][value=champion_left]").check()
    await expect(page.locator("#similar .matches a[href^='/']")).not_to_have_count(0)
    await press(page, "action", "post")
    await expect(page.locator("h1")).to_have_text(TITLE)
    return PurePosixPath(page.url.partition("#")[0]).name.partition("?")[0]


async def ask(page: Page, case: str, question: str) -> None:
    await page.goto(f"/cases/{case}")
    await fill(page, {"text": question})
    await submit(page, "/questions")
    await expect(page.get_by_text(question).first).to_be_visible()


async def answer_first(page: Page, case: str, answer: str) -> None:
    await page.goto(f"/cases/{case}")
    form = page.locator("details[open] form[action$='/answer']").first
    await form.locator("[name=answer]").fill(answer)
    await form.locator("button[type=submit]").click()
    await expect(page.get_by_text(answer).first).to_be_visible()


async def make_plan(page: Page, case: str, texts: dict[str, str]) -> None:
    await page.goto(f"/cases/{case}/plans/new")
    await fill(page, texts)
    await submit(page, "/plans/new")
    await expect(page.get_by_text(texts["move"]).first).to_be_visible()


async def choose_first_plan(page: Page, case: str, reason: str) -> None:
    await page.goto(f"/cases/{case}")
    await page.locator("a[href$='/choose']").first.click()
    await fill(page, {"reason": reason})
    await submit(page, "/choose")
    await expect(page.get_by_text(reason).first).to_be_visible()


async def tell_outcome(page: Page, case: str) -> None:
    await page.goto(f"/cases/{case}/outcome")
    await page.locator("[name=outcome][value=won_a]").check()
    await page.locator("[name=plan][value=A]").check()
    await fill(page, OUTCOME)
    await submit(page, "/outcome")
    await expect(page.get_by_text(OUTCOME["worked"]).first).to_be_visible()


async def share(page: Page, case: str) -> None:
    await page.goto(f"/cases/{case}/share")
    await fill(page, {"title": PRACTICE})
    await press(page, "action", "preview")
    await expect(page.locator("#preview")).to_contain_text(PRACTICE)
    if await page.locator("[name=confirm_names]").count():
        await page.locator("[name=confirm_names]").check()
    await press(page, "action", "share")
    await expect(page.locator("h1")).to_have_text(PRACTICE)


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
async def test_a_stuck_deal_becomes_a_practice(open_page: OpenPage, size: tuple[int, int], theme: str) -> None:
    seller = await open_page("james", size=size, theme=theme)
    manager = await open_page("sofia", size=size, theme=theme)

    case = await post_case(seller)
    await ask(manager, case, "Who else at the port gains from the trial?")
    await ask(manager, case, "Would the former sponsor make a call for you?")
    await answer_first(seller, case, "The crane foreman. He asked for the figures himself.")
    await answer_first(seller, case, "She offered to, before she left.")
    await make_plan(manager, case, PLAN_A)
    await make_plan(seller, case, PLAN_B)
    await choose_first_plan(seller, case, "It costs one call and uses goodwill we have.")
    await take_picture(seller, f"journey-trying-{size[0]}")
    await tell_outcome(seller, case)
    await share(seller, case)
    await take_picture(seller, f"journey-practice-{size[0]}")

    await manager.goto("/")
    await expect(manager.get_by_role("link", name=PRACTICE).first).to_be_visible()


async def test_posting_and_reading_need_no_javascript(open_page: OpenPage) -> None:
    page = await open_page("aino", javascript=False, size=PHONE)
    await page.goto("/cases/new")
    await fill(page, {"title": STORY["title"]})
    await press(page, "action", "post")
    assert await page.locator("[name=title]").input_value() == STORY["title"]
    await expect(page.locator("[name=customer][aria-invalid=true]")).to_be_visible()

    await fill(page, STORY)
    await page.locator("[name=obstacles][value=champion_left]").check()
    await press(page, "action", "post")
    await expect(page.locator("h1")).to_have_text(TITLE)
    await page.locator("a[href$='/similar']").first.click()
    await expect(page.locator("article, li").first).to_be_visible()


async def test_a_draft_saves_itself_and_shows_what_is_similar(open_page: OpenPage) -> None:
    page = await open_page("elin", language="sv")
    await page.goto("/cases/new")
    await fill(page, {"title": "Sponsorn har slutat", "situation": STORY["situation"]})
    await expect(page.locator("[data-autosave-status]")).to_contain_text(re.compile(r"\d\d[:.]\d\d"), timeout=15_000)
    await expect(page.locator("#similar a").first).to_be_visible(timeout=15_000)

    await page.reload()
    assert await page.locator("[name=title]").input_value() == "Sponsorn har slutat"
