"""No page has a fault for somebody who cannot see, cannot use a mouse, or looks at a phone."""

import asyncio
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Team, User
from app.cases.models import Case, Code, Hat, Objection, Plan
from app.cases.workflow import State
from app.comments.models import Comment
from app.feed.models import News
from app.notifications.models import Notification
from app.practices.models import Audience, Practice
from tests.e2e.conftest import DESKTOP, PHONE, OpenPage, come_to_rest, take_picture
from tests.routes import ROUTES, Route

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
ADMIN = [
    "/admin",
    "/admin/teams",
    "/admin/keys",
    "/admin/codes",
    "/admin/model",
    "/admin/audit",
    "/admin/searches",
    "/admin/invitations",
    "/exports",
    "/admin/imports",
]


WATCHED = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
    # Only sound and orientation are judged by what would be fetched again, and no page has either.
    "preload": False,
}
HEIGHT = "document.documentElement.scrollHeight"


async def show_whole(page: Page, size: ViewportSize) -> None:
    """The window is made as high as the page: what stands under a fixed bar can be scrolled from under it.

    Parts of a page come after it, and a part that comes into view may bring another.
    """
    height = -1
    while height != (shown := int(await page.evaluate(HEIGHT))):
        height = shown
        await page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        await come_to_rest(page)


async def find_faults(page: Page) -> list[str]:
    """Whatever axe finds wrong, and a page that is wider than its window."""
    size = page.viewport_size
    assert size is not None
    await show_whole(page, size)
    results = await Axe().run(page, options=WATCHED)
    faults = [f"{found['id']}: {found['nodes'][0]['html'][:160]}" for found in results.response["violations"]]
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    await page.set_viewport_size(size)
    return [*faults, *([f"{overflow} px too wide"] if overflow > 0 else [])]


@dataclass(frozen=True)
class Visit:
    """Somebody opens a page in a tab; `label` names the picture."""

    tab: Page
    path: str
    label: str
    status: int = 200

    async def find_faults(self) -> list[str]:
        response = await self.tab.goto(self.path)
        assert response is not None
        assert response.status == self.status, f"{self.path} answered {response.status}"
        await come_to_rest(self.tab)
        await take_picture(self.tab, f"{self.label}{self.path.partition('?')[0].replace('/', '-')}")
        return [f"{self.path} {fault}" for fault in await find_faults(self.tab)]


async def find_faults_of(visits: list[Visit]) -> list[str]:
    """The visits of a tab one after another, the tabs beside each other: a new tab costs more than a page."""

    async def follow(tab: Page) -> list[str]:
        return [fault for visit in visits if visit.tab is tab for fault in await visit.find_faults()]

    found = await asyncio.gather(*(follow(tab) for tab in {visit.tab for visit in visits}))
    return [fault for faults in found for fault in faults]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[2][0]}-{look[3]}")
async def test_pages_have_no_fault(
    look: tuple[str, str, tuple[int, int], str], open_page: OpenPage, session: AsyncSession
) -> None:
    key, language, size, theme = look
    first = await open_page(key, language=language, size=size, theme=theme)
    tabs = [first, await first.context.new_page()]
    paths = [*EVERYBODY, *await find_case_pages(session), *(ADMIN if key == "anne" else [])]
    visits = [Visit(tab, path, f"{key}-{size[0]}-{theme}") for tab, path in zip(cycle(tabs), paths, strict=False)]
    assert await find_faults_of(visits) == []


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


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_entrance_has_no_fault(open_page: OpenPage, theme: str) -> None:
    page = await open_page(theme=theme, size=PHONE, language="sv")
    assert await Visit(page, "/sign-in", f"visitor-{theme}").find_faults() == []


KARI, ADMIN_EMAIL = "kari@nordavind.example", "anne@nordavind.example"
FOR_ADMINS = ("/admin", "/news/new")
NOT_THERE = {
    "import_detail": "Nothing was imported in the demo.",
    "download_export": "Nobody has asked for an export in the demo.",
    "set_up": "The site is set up, so this is the page that says so.",
    "open_ending": "It stands in mail alone; the page is tried in tests/notifications.",
    "open_link": "There is no such link; the page of one is tried with the entrance.",
}
MACHINES = {
    "openapi",
    "healthz",
    "readyz",
    "metrics",
    "download_attachment",
    "preview_attachment",
    "manifest",
    "service_worker",
    "feed_outlet",
    "calendar_outlet",
}
STATES = {
    "edit_draft": State.DRAFT,
    "edit_section": State.INVESTIGATING,
    "similar_panel": State.INVESTIGATING,
    "same_case": State.INVESTIGATING,
    "what_worked": State.CREATING,
    "new_plan": State.CREATING,
    "edit_plan": State.CREATING,
    "choose_plan": State.CREATING,
    "new_objection": State.CREATING,
    "answer_objection": State.TRYING,
    "earlier_case": State.TRYING,
    "report_outcome": State.TRYING,
    "share_case": State.RESOLVED,
}
"""In which state a page of a case is at home."""

BELONGING: dict[str, tuple[Any, Any]] = {
    "practice_id": (Practice, Practice.solver_id),
    "comment_id": (Comment, Comment.author_id),
    "notification_id": (Notification, Notification.user_id),
    "news_id": (News, News.author_id),
}
"""What has a page of its own for one person, and whose it is."""

ROUNDS = [(NARROW, "dark", "nb"), (DESKTOP, "light", "sv")]
PAGES = [route for route in ROUTES if route.method == "GET" and not route.is_api and route.name not in MACHINES]


async def find_place(session: AsyncSession, route: Route) -> tuple[str, str]:
    """Where the demo has something that this page is about, and the e-mail of the one whose it is."""
    if route.path.startswith("/admin") and route.name not in NOT_THERE:
        user = await session.scalar(select(User.id).where(User.name == "Maren Tveit"))
        team = await session.scalar(select(Team.id).where(Team.name == "Oslo"))
        code = await session.scalar(select(Code.id).where(Code.key == "silent"))
        return route.path.format(user_id=user, team_id=team, code_id=code), ADMIN_EMAIL
    if not route.takes_id or route.name in NOT_THERE:
        visitor = ADMIN_EMAIL if route.path.startswith(FOR_ADMINS) else KARI
        return route.path.format(token="none", export_id=uuid4(), import_id=uuid4()), visitor
    place = select(Identity.email, Case.id.label("case_id")).join_from(User, Case, Case.owner_id == User.id)
    if "match_id" in route.path:
        other = (
            select(Practice.id)
            .join(User, User.id == Practice.solver_id)
            .join(Identity, Identity.id == User.identity_id)
        )
        shown = (
            other.where(Practice.audience == Audience.EVERYONE, Identity.email != KARI).order_by(Practice.id).limit(1)
        )
        return route.path.format(match_id=(await session.scalars(shown)).one()), KARI
    for parameter, (model, person_id) in BELONGING.items():
        if parameter in route.path:
            place = select(Identity.email, model.id.label(parameter)).join_from(User, model, person_id == User.id)
    if "plan_id" in route.path:
        place = place.join(Plan, Plan.case_id == Case.id).add_columns(Plan.id.label("plan_id"))
    if "objection_id" in route.path:
        place = place.join(Objection, Objection.plan_id == Plan.id).add_columns(Objection.id.label("objection_id"))
    if "hat_id" in route.path:
        place = place.join(Hat, Hat.case_id == Case.id).add_columns(Hat.id.label("hat_id"))
    if route.name in STATES:
        place = place.where(Case.state == STATES[route.name])
    found = (await session.execute(place.join(Identity, Identity.id == User.identity_id).limit(1))).mappings().one()
    return route.path.format_map(dict(found) | {"section": "story"}), found["email"]


@pytest.mark.parametrize(("size", "theme", "language"), ROUNDS, ids=["phone", "desktop"])
async def test_every_page_there_is_has_no_fault(
    size: tuple[int, int], theme: str, language: str, open_page: OpenPage, session: AsyncSession
) -> None:
    tabs: dict[str, Page] = {}
    visits = []
    for route in PAGES:
        path, email = await find_place(session, route)
        key = email.partition("@")[0]
        if key not in tabs:
            tabs[key] = await open_page(key, size=size, theme=theme, language=language)
        status = 404 if route.name in NOT_THERE else 200
        visits.append(Visit(tabs[key], path, f"{route.name}-{size[0]}", status))
    assert await find_faults_of(visits) == []


REFUSED = {
    "/cases/new": "[name=action][value=post]",
    "/account": "[autocomplete=new-password]",
    "/admin/people/new": "[name=email]",
    "/admin/invitations": "[name=addresses]",
    "/admin/teams": "[name=name]",
    "/admin/keys": "[name=name]",
}
"""Pages, and something that stands in the form that is sent unfilled."""

SEND_UNFILLED = """inside => {
    const form = document.querySelector(`main ${inside}`).form;
    form.noValidate = true;
    form.requestSubmit(form.querySelector("[type=submit]"));
}"""


async def test_a_refused_form_has_no_fault(open_page: OpenPage) -> None:
    page = await open_page("anne", language="nb", size=PHONE)
    faults = []
    for path, inside in REFUSED.items():
        await page.goto(path)
        async with page.expect_navigation() as arrival:
            await page.evaluate(SEND_UNFILLED, inside)
        response = await arrival.value
        assert response.status == 422, path
        faults += [f"{path} {fault}" for fault in await find_faults(page)]
    assert faults == []
