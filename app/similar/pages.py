"""Pages with similar cases: while a case is being written, beside a case, and as search."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from app.accounts.deps import CurrentUser, create_page_router
from app.cases.deps import ReadableCase, may_edit
from app.cases.schemas import Key
from app.cases.workflow import OPEN_STATES, State
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import explain_all, read_form
from app.core.i18n import DEFAULT_LANGUAGE
from app.core.templating import render, wants_block
from app.practices.pages import list_choices
from app.practices.queries import list_code_names
from app.similar.alike import find_alike
from app.similar.chips import list_examples, list_facets, list_offered, list_taken
from app.similar.deps import Slot
from app.similar.earlier import pages as earlier
from app.similar.feedback import pages as feedback
from app.similar.notes import explain
from app.similar.reading import ReadQuery
from app.similar.saved import pages as saved
from app.similar.saved.queries import find_saved
from app.similar.saved.schemas import SEARCH_LENGTH
from app.similar.schemas import SEARCHED_STATES, SearchQuery, TypedCase, write_search
from app.similar.scoring import Facets
from app.similar.searching import Search
from app.similar.searching import search as search_cases
from app.similar.service import find_similar
from app.similar.shown import list_beside
from app.similar.solvers import pages as solvers
from app.similar.telling import find_telling_sentence
from app.similar.unanswered import note_unanswered
from app.similar.view import view_similar, view_suggestion
from app.similar.worked import pages as worked

pages = create_page_router()

FEWEST_CHARACTERS = 12
"""A case that is being written says something from here on."""
SHOWN_BESIDE = 5
SHOWN_IN_SEARCH = 10

POOLS = "pools"
"""The block that htmx fetches."""


@pages.post("/similar/typing")
async def similar_while_typing(
    request: Request, session: Session, viewer: CurrentUser, slot: Slot, case: UUID | None = None
) -> Response:
    """Cases like the one in the form, which need not be finished. Nothing is saved; `case` is what it will be."""
    form = await read_form(request, TypedCase)
    typed = form.data or TypedCase()
    found = None
    if len(typed.text) >= FEWEST_CHARACTERS:
        found = await find_similar(session, viewer, typed.text, slot=slot, limit=SHOWN_BESIDE, facets=typed.facets)
    beside = await list_beside(session, viewer, found.matches if found else [], case)
    context = view_similar(found, slot, typed.facets, request.app.url_path_for, beside)
    suggestion = await view_suggestion(session, found.suggestion if found else None, typed.dismissed)
    context |= {"case": None, "asking": case, "may_plan": False, "suggestion": suggestion}
    return render(
        request,
        "similar/panel.html",
        context,
        status_code=422 if form.errors else 200,
        block=POOLS if wants_block(request) else None,
    )


@pages.post("/similar/obstacle-words")
async def words_for_obstacle(
    request: Request, viewer: CurrentUser, slot: Slot, obstacle: Key | None = None
) -> Response:
    """The sentence in the form that speaks for the obstacle it sounds like. Nothing is saved."""
    form = await read_form(request, TypedCase)
    typed = form.data or TypedCase()
    sentence = None
    if slot.embedder is not None and obstacle and typed.text:
        language = viewer.language or DEFAULT_LANGUAGE
        sentence = await find_telling_sentence(slot.embedder, typed.text, obstacle, language)
    return render(
        request,
        "similar/telling.html",
        {"sentence": sentence},
        status_code=422 if form.errors else 200,
        block="words" if wants_block(request) else None,
    )


@pages.get("/cases/{case_id}/similar")
async def similar_panel(
    request: Request, case: ReadableCase, session: Session, viewer: CurrentUser, slot: Slot
) -> Response:
    """Cases like this one: a page, or the part of it that the case's page fetches."""
    found = await find_alike(session, viewer, case, slot=slot, limit=SHOWN_BESIDE)
    may_plan = case.state in OPEN_STATES and may_edit(case, viewer)
    beside = await list_beside(session, viewer, found.matches, case.id)
    context = view_similar(found, slot, TypedCase.from_case(case).facets, request.app.url_path_for, beside)
    suggestion = await view_suggestion(session, found.suggestion if case.state is State.DRAFT else None)
    context |= {"case": case, "asking": case.id, "may_plan": may_plan, "suggestion": suggestion}
    return render(request, "similar/panel.html", context, block=POOLS if wants_block(request) else None)


@pages.get("/search")
async def search(request: Request, session: Session, viewer: CurrentUser, slot: Slot, now: Now) -> Response:
    """What the viewer may see, by meaning, words and operators. A search that cannot be taken keeps what was typed."""
    typed = dict(request.query_params)
    errors: dict[str, str] = {}
    query = SearchQuery()
    try:
        query = SearchQuery.model_validate(typed)
    except ValidationError as error:
        errors = explain_all(error.errors())
    result = Search(ReadQuery(""), None)
    if not errors:
        result = await search_cases(session, viewer, query.q, slot=slot, limit=SHOWN_IN_SEARCH, filters=query.filters)
        await note_unanswered(session, viewer, result, now)
    chosen = {name: value for name, value in typed.items() if name in SearchQuery.model_fields and value}

    def link(q: str) -> str:
        return f"{request.url_for('search').path}?{urlencode(chosen | {'q': q})}"

    codes = (await list_code_names(session)).values()
    choices = await list_choices(session, codes)
    written = "" if errors or result.found is None else write_search(query, dict(choices["team"]))[:SEARCH_LENGTH]
    beside = await list_beside(session, viewer, result.found.matches if result.found else [], None)
    context = view_similar(result.found, slot, Facets(), request.app.url_path_for, beside) | {
        "typed": {name: typed.get(name, "") for name in SearchQuery.model_fields},
        "errors": errors,
        "states": SEARCHED_STATES,
        "choices": choices,
        "listed": not result.read.text,
        "notes": [explain(token) for token in result.read.notes],
        "taken": list_taken(result.read, link),
        "offered": list_offered(result.read, viewer, viewer.local_day(now), link),
        "facets": list_facets(result.read, result.found.facets, codes, link) if result.found else [],
        "counted": result.found.counted if result.found else 0,
        "examples": list_examples(viewer.local_day(now)),
        "may_plan": False,
        "case": None,
        "asking": None,
        "saves": written,
        "is_saved": bool(written) and await find_saved(session, viewer.person_id, written) is not None,
    }
    return render(
        request,
        "similar/search.html",
        context,
        status_code=422 if errors else 200,
        block=POOLS if wants_block(request) else None,
    )


router = APIRouter()
for part in (pages, worked.router, earlier.router, feedback.router, solvers.router, saved.router):
    router.include_router(part)
