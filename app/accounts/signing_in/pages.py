"""Signing in and out."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.accounts import queries
from app.accounts.deps import ClientAddress, CurrentSettings, MaybePerson, OwnTransactions, create_public_router
from app.accounts.models import Identity
from app.accounts.signing_in import service
from app.accounts.signing_in.entrance import let_in, let_out, local_path
from app.accounts.signing_in.schemas import ChoiceForm, SignInForm
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_public_router()


@router.get("/sign-in")
async def sign_in(request: Request, session: Session, person: MaybePerson) -> Response:
    """The form; somebody who is signed in already goes straight on."""
    target = local_path(request.query_params.get("next", "/"))
    if person is not None:
        return RedirectResponse(target, 303)
    empty = not await queries.has_organisations(session)
    values: dict[str, str | list[str]] = {"next": target}
    return render(request, "accounts/sign_in.html", {"form": Form[SignInForm](values), "site_is_empty": empty})


@router.post("/sign-in")
async def submit_sign_in(
    request: Request,
    factory: OwnTransactions,
    session: Session,
    address: ClientAddress,
    settings: CurrentSettings,
    now: Now,
) -> Response:
    form = await read_form(request, SignInForm)
    identity = None
    if form.data is not None:
        identity = await service.check_password(
            factory, email=form.data.email, password=form.data.password, address=address, now=now
        )
    if form.data is None or identity is None:
        return _refuse(request, form, _("This e-mail and password do not belong together. Try again."))
    ways = await service.list_ways_in(session, identity)
    if not ways:
        return _refuse(request, form, _("You have no access to an organisation now. Ask its admin."))
    if len(ways) > 1:
        proof = service.prove_password(settings.secret_key.get_secret_value(), identity, now)
        context = {
            "organisations": [organisation for organisation, _user in ways],
            "proof": proof,
            "next": local_path(form.data.next),
        }
        return render(request, "accounts/choose_organisation.html", context)
    _organisation, user = ways[0]
    return await let_in(request, session, user, now, form.data.next)


def _refuse(request: Request, form: Form[SignInForm], message: str) -> Response:
    if not form.errors:
        form.fail("form", message)
    return render(request, "accounts/sign_in.html", {"form": form, "site_is_empty": False}, status_code=422)


@router.post("/sign-in/organisation")
async def choose_organisation(request: Request, session: Session, settings: CurrentSettings, now: Now) -> Response:
    """The second step of somebody who belongs to several organisations."""
    form = await read_form(request, ChoiceForm)
    identity: Identity | None = None
    if form.data is not None:
        secret_key = settings.secret_key.get_secret_value()
        identity = await service.read_proof(session, secret_key, form.data.proof, now)
    if form.data is None or identity is None:
        return flash(redirect(request, "sign_in"), _("That took too long. Sign in once more."), "problem")
    for organisation, user in await service.list_ways_in(session, identity):
        if organisation.id == form.data.organisation_id:
            return await let_in(request, session, user, now, form.data.next)
    return flash(redirect(request, "sign_in"), _("Choose one of the organisations shown."), "problem")


@router.post("/sign-out")
async def sign_out(request: Request, session: Session) -> Response:
    return await let_out(request, session)
