"""Opening a one-time link, and asking for one when the password is forgotten."""

from fastapi import Request, Response

from app.accounts.deps import ClientAddress, CurrentSettings, OwnTransactions, create_public_router
from app.accounts.links import service
from app.accounts.links.schemas import ForgotForm, KnownPasswordForm, NewPasswordForm
from app.accounts.links.service import LINK_PATH, OpenLink
from app.accounts.signing_in.entrance import let_in
from app.accounts.signing_in.service import check_password
from app.accounts.signing_in.throttle import claim_attempt
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import NotFound
from app.core.forms import Form, read_form
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.jobs import publish
from app.core.templating import flash, redirect, render

router = create_public_router()

AnyPasswordForm = Form[NewPasswordForm] | Form[KnownPasswordForm]


def _show(request: Request, opened: OpenLink, form: AnyPasswordForm, status_code: int = 200) -> Response:
    context = {
        "form": form,
        "purpose": opened.link.purpose.value,
        "sets_password": opened.sets_password,
        "name": opened.user.name,
        "email": opened.identity.email,
        "organisation": opened.organisation_name,
        "action": request.url.path,
    }
    response = render(request, "accounts/link.html", context, status_code=status_code)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@router.get(LINK_PATH + "/{token}")
async def open_link(token: str, request: Request, session: Session, now: Now) -> Response:
    """The page of a link. Opening uses nothing up: mail scanners open links too."""
    return _show(request, await service.open_link(session, token, now), Form[NewPasswordForm]({}))


@router.post(LINK_PATH + "/{token}")
async def take_link(
    token: str, request: Request, factory: OwnTransactions, session: Session, address: ClientAddress, now: Now
) -> Response:
    """Set the password, or join with the one there is, and sign in."""
    opened = await service.open_link(session, token, now)
    if opened.sets_password:
        new = await read_form(request, NewPasswordForm)
        if new.data is None:
            return _show(request, opened, new, status_code=422)
        user = await service.take_link(session, opened, new.data.password, now)
        return await let_in(request, session, user, now)
    known = await read_form(request, KnownPasswordForm)
    if known.data is not None:
        identity = await check_password(
            factory, email=opened.identity.email, password=known.data.password, address=address, now=now
        )
        if identity is None:
            known.fail("password", _("This is not your password."))
    if known.data is None:
        return _show(request, opened, known, status_code=422)
    return await let_in(request, session, await service.take_link(session, opened, None, now), now)


@router.get("/forgot-password")
async def forgot_password(request: Request, settings: CurrentSettings) -> Response:
    context = {"form": Form[ForgotForm]({}), "sends_mail": settings.sends_mail}
    return render(request, "accounts/forgot_password.html", context)


@router.post("/forgot-password")
async def ask_for_link(
    request: Request,
    factory: OwnTransactions,
    session: Session,
    address: ClientAddress,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    """The same answer whether or not somebody has this e-mail: the job finds out, and nobody sees how long it takes."""
    if not settings.sends_mail:
        raise NotFound
    form = await read_form(request, ForgotForm)
    if form.data is None:
        context = {"form": form, "sends_mail": True}
        return render(request, "accounts/forgot_password.html", context, status_code=422)
    email = form.data.email
    await claim_attempt(factory, purpose="forgot-password", email=email, address=address, now=now)
    await publish(session, "account.reset_requested", email=email, language=current_language())
    text = _("If {email} signs in here, a link is on its way. It works for one day.").format(email=email)
    return flash(redirect(request, "sign_in"), text)
