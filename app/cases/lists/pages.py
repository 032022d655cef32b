"""The list of cases: filters stand in the address, so that a view can be kept and sent."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.models import Role
from app.accounts.viewer import Viewer
from app.cases.awaited import Awaited
from app.cases.codes import list_codes
from app.cases.lists import queries
from app.cases.lists.queries import CaseFilter, FoundCase, Whose
from app.cases.models import CodeKind
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, STATE_NAMES, State
from app.core.clock import Now
from app.core.db import Session
from app.core.i18n import gettext as _
from app.core.pagination import PAGE_SIZE, Cursor, CursorParam
from app.core.templating import format_relative, path_for, render, wants_block

router = create_page_router()


class StateChoice(StrEnum):
    """A state, or several that belong together."""

    OPEN = "open"
    CLOSED = "closed"
    DRAFT = "draft"
    INVESTIGATING = "investigating"
    CREATING = "creating"
    TRYING = "trying"
    RESOLVED = "resolved"
    SHARED = "shared"
    WITHDRAWN = "withdrawn"

    @property
    def states(self) -> frozenset[State]:
        if self is StateChoice.OPEN:
            return OPEN_STATES
        return CLOSED_STATES if self is StateChoice.CLOSED else frozenset({State(self.value)})


class Age(StrEnum):
    """Open, and not moved for so many days."""

    WEEK = "7"
    FORTNIGHT = "14"
    MONTH = "30"
    QUARTER = "90"


Key = Annotated[str, Query(pattern=r"^[a-z0-9_]{0,60}$")]


@router.get("/cases")
async def list_cases(
    request: Request,
    session: Session,
    viewer: CurrentUser,
    now: Now,
    whose: Whose | None = None,
    state: StateChoice | Literal[""] = "",
    obstacle: Key = "",
    owner: UUID | Literal[""] = "",
    age: Age | Literal[""] = "",
    awaits: Awaited | Literal[""] = "",
    cursor: CursorParam = None,
) -> Response:
    whose = whose or choose_first_view(viewer)
    chosen = {"whose": whose.value, "state": state, "obstacle": obstacle, "owner": owner, "age": age, "awaits": awaits}
    wanted = CaseFilter(
        whose=whose,
        states=state.states if isinstance(state, StateChoice) else frozenset(),
        obstacle=obstacle or None,
        owner_id=owner if isinstance(owner, UUID) else None,
        awaits=awaits if isinstance(awaits, Awaited) else None,
        unmoved_since=now - timedelta(days=int(age)) if isinstance(age, Age) else None,
    )
    page = await queries.list_cases(session, viewer, wanted, Cursor.decode(cursor), PAGE_SIZE)
    kept = {name: str(value) for name, value in chosen.items() if value}
    context = {
        "rows": [read_row(request, row) for row in page.items],
        "tabs": list_tabs(request, kept),
        "chosen": {name: str(value) for name, value in chosen.items()},
        "filtered": any(value for name, value in kept.items() if name != "whose"),
        "whose": whose.value,
        "next_url": address(request, kept | {"cursor": page.next_cursor}) if page.next_cursor else None,
        **await load_filters(session, viewer),
    }
    return render(request, "cases/list.html", context, block="rows" if wants_block(request) else None)


def choose_first_view(viewer: Viewer) -> Whose:
    """What each role works with: a seller's own cases, a manager's teams, everything for the others."""
    if viewer.led_team_ids:
        return Whose.TEAMS
    return Whose.MINE if viewer.role is Role.SELLER else Whose.ALL


def address(request: Request, values: dict[str, str]) -> str:
    return f"{path_for(request.app, 'list_cases')}?{urlencode(values)}"


def list_tabs(request: Request, kept: dict[str, str]) -> list[dict[str, Any]]:
    names = {Whose.MINE: _("Mine"), Whose.TEAMS: _("My teams"), Whose.ALL: _("All I may see")}
    return [
        {"name": name, "url": address(request, kept | {"whose": whose.value}), "current": kept["whose"] == whose.value}
        for whose, name in names.items()
    ]


def read_row(request: Request, row: FoundCase) -> dict[str, Any]:
    """A case as the row macro shows it."""
    case, awaits = row
    return {
        "url": path_for(request.app, "case_detail", case_id=case.id),
        "title": case.title or _("Draft without a title"),
        "state": case.state.value,
        "obstacles": [obstacle.code.name for obstacle in case.obstacles],
        "customer": case.deal.customer,
        "team": case.team.name if case.team else None,
        "owner": case.owner.name,
        "age_text": format_relative(case.moved_at),
        "awaits": name_awaited(awaits),
    }


def name_awaited(awaits: str | None) -> str | None:
    """What a case waits for, in words."""
    names = {
        Awaited.POSTING: _("Waits to be posted"),
        Awaited.ANSWER: _("Waits for an answer"),
        Awaited.QUESTION: _("Waits for questions"),
        Awaited.PLAN: _("Waits for a plan"),
        Awaited.CHOICE: _("Waits for a choice"),
        Awaited.OUTCOME: _("Waits for the outcome"),
        Awaited.SHARING: _("Waits to be shared"),
    }
    return None if awaits is None else names[Awaited(awaits)]


async def load_filters(session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
    """The choices of the filter form."""
    codes = await list_codes(session, CodeKind.OBSTACLE, retired=True)
    owners = await queries.list_owners(session, viewer)
    states = {"open": _("Open"), "closed": _("Closed")} | {state: _(name) for state, name in STATE_NAMES.items()}
    ages = {"7": _("A week"), "14": _("Two weeks"), "30": _("A month"), "90": _("Three months")}
    return {
        "states": list(states.items()),
        "obstacles": [(code.key, code.name) for code in codes],
        "owners": [(str(owner.id), owner.name) for owner in owners],
        "ages": list(ages.items()),
        "awaited": [(awaits.value, name_awaited(awaits)) for awaits in Awaited],
    }
