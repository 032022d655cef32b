"""A case and a practice are printed on one page each."""

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import AuditEvent
from app.cases.models import Case
from app.cases.workflow import OPEN_STATES, State
from app.practices.models import Audience, Practice
from tests.e2e.conftest import OpenPage, come_to_rest

PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


async def test_every_case_and_practice_of_the_demo_fits_a_page(open_page: OpenPage, session: AsyncSession) -> None:
    # What other journeys wrote meanwhile is not the demo's.
    changed = select(AuditEvent.case_id).where(AuditEvent.case_id.is_not(None))
    cases = await session.scalars(
        select(Case.id).where(
            Case.state.in_([*OPEN_STATES, State.RESOLVED]), Case.visibility == "everyone", Case.id.not_in(changed)
        )
    )
    practices = await session.scalars(
        select(Practice.id).where(Practice.audience == Audience.EVERYONE, Practice.case_id.not_in(changed))
    )
    paths = [*(f"/cases/{case}" for case in cases), *(f"/practices/{practice}" for practice in practices)]
    page = await open_page("kari", language="nb")
    pages = {}
    for path in paths:
        await page.goto(path)
        await come_to_rest(page)
        pages[path] = len(PAGE.findall(await page.pdf(prefer_css_page_size=True)))
    assert len(paths) > 20
    assert {path: count for path, count in pages.items() if count != 1} == {}
