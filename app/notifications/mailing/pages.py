"""Choosing what comes by mail, and the page and the one step that end it."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.deps import CurrentSettings, CurrentUser, create_page_router, create_public_router
from app.accounts.viewer import Viewer
from app.core.config import Settings
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render
from app.notifications.mailing import service
from app.notifications.mailing.schemas import MailForm
from app.notifications.mailing.service import UNSUBSCRIBE_PATH
from app.notifications.mailing.words import GROUPS, NAMES
from app.notifications.models import Kind

own = create_page_router()
public = create_public_router()


@own.get("/account/mail")
async def mail_choice(request: Request, session: Session, viewer: CurrentUser, settings: CurrentSettings) -> Response:
    return await _show(request, session, viewer, settings, Form({}))


@own.post("/account/mail")
async def choose_mail(request: Request, session: Session, viewer: CurrentUser, settings: CurrentSettings) -> Response:
    form = await read_form(request, MailForm)
    if form.data is None:
        return await _show(request, session, viewer, settings, form, status_code=422)
    await service.choose(session, viewer, form.data.rates, weekly=form.data.weekly)
    return flash(redirect(request, "mail_choice"), _("Your choice is saved."))


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    form: Form[MailForm],
    status_code: int = 200,
) -> Response:
    choice = await service.find_choice(session, viewer)
    context = {
        "groups": [
            (_(title), [(kind.value, _(NAMES[kind]), choice.find_rate(kind)) for kind in kinds])
            for title, kinds in GROUPS
        ],
        "weekly": choice.weekly,
        "sends_mail": settings.sends_mail,
        "errors": form.errors,
    }
    return render(request, "mailing/choice.html", context, status_code=status_code)


@public.get(UNSUBSCRIBE_PATH + "/{token}")
async def open_ending(request: Request, token: str, session: Session, settings: CurrentSettings) -> Response:
    """Opening ends nothing: mail scanners open links too."""
    ending = await service.open_ending(session, settings, token)
    return _show_ending(request, ending.kinds, done=False)


@public.post(UNSUBSCRIBE_PATH + "/{token}")
async def end_mail(request: Request, token: str, session: Session, settings: CurrentSettings) -> Response:
    """One step, without a page before it and without a session: a mail program does it for its user (RFC 8058)."""
    ending = await service.open_ending(session, settings, token)
    await service.end(session, ending)
    return _show_ending(request, ending.kinds, done=True)


def _show_ending(request: Request, kinds: Sequence[Kind], *, done: bool) -> Response:
    context = {"kinds": [_(NAMES[kind]) for kind in kinds], "done": done, "action": request.url.path}
    response = render(request, "mailing/ending.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


router = APIRouter()
router.include_router(own)
router.include_router(public)
