"""Pages of news: writing it, reading it, and passing it on."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentUser, create_page_router
from app.accounts.queries import list_teams
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid, NotFound
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render
from app.feed.models import News
from app.feed.news import queries, service
from app.feed.news.schemas import NewsForm, PassForm
from app.feed.visibility import WRITERS
from app.practices.queries import list_code_names

router = create_page_router()


async def get_news(news_id: UUID, session: Session, viewer: CurrentUser) -> News:
    news = await queries.find_news(session, viewer, news_id)
    if news is None:
        raise NotFound
    return news


ReadableNews = Annotated[News, Depends(get_news)]


@router.get("/news/new")
async def new_news(request: Request, session: Session, viewer: CurrentUser) -> Response:
    service.require_writer(viewer)
    return await _show_form(request, session, Form({}))


@router.post("/news")
async def write_news(request: Request, session: Session, viewer: CurrentUser, now: Now) -> Response:
    service.require_writer(viewer)
    form = await read_form(request, NewsForm)
    if form.data is not None:
        try:
            news = await service.write_news(session, viewer, form.data, now)
            return flash(redirect(request, "news_detail", news_id=news.id), _("The managers see it now."))
        except Invalid as refusal:
            form.refuse(refusal)
    return await _show_form(request, session, form, 422)


async def _show_form(request: Request, session: AsyncSession, form: Form[NewsForm], status_code: int = 200) -> Response:
    codes = (await list_code_names(session)).values()
    obstacles = [(code.key, code.name) for code in codes if code.kind.value == "obstacle"]
    return render(request, "news/form.html", {"form": form, "obstacles": obstacles}, status_code=status_code)


@router.get("/news/{news_id}")
async def news_detail(request: Request, session: Session, viewer: CurrentUser, news: ReadableNews) -> Response:
    return await _show(request, session, viewer, news, Form({}))


@router.post("/news/{news_id}")
async def pass_news(request: Request, session: Session, viewer: CurrentUser, news: ReadableNews, now: Now) -> Response:
    form = await read_form(request, PassForm)
    if form.data is not None:
        try:
            await service.decide(session, viewer, news, form.data, now)
            done = _("Passed on.") if form.data.teams else _("Not passed on.")
            return flash(redirect(request, "news_detail", news_id=news.id), done)
        except Invalid as refusal:
            form.refuse(refusal)
    return await _show(request, session, viewer, news, form, 422)


@router.post("/news/{news_id}/withdraw")
async def withdraw_news(request: Request, session: Session, viewer: CurrentUser, news: ReadableNews) -> Response:
    await service.withdraw_news(session, viewer, news)
    return flash(redirect(request, "home"), _("The news is taken away."))


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, news: News, form: Form[PassForm], status_code: int = 200
) -> Response:
    shown = None if viewer.role in WRITERS else [*viewer.team_ids, *viewer.led_team_ids]
    decided = await queries.list_decided(session, news.id, shown)
    led = [(str(team.id), team.name) for team in await list_teams(session) if viewer.leads(team.id)]
    chosen = [str(one.team_id) for one in decided if one.passes and viewer.leads(one.team_id)]
    known = {str(one.team_id) for one in decided}
    context: dict[str, Any] = {
        "news": news,
        "passed": [one for one in decided if one.passes],
        "led": led,
        "undecided": any(team_id not in known for team_id, _name in led),
        "chosen": form.values.get("teams", chosen),
        "form": form,
        "may_withdraw": service.may_withdraw(news, viewer),
    }
    return render(request, "news/detail.html", context, status_code=status_code)
