"""Setting up an empty site."""

from fastapi import Request, Response

from app.accounts.deps import CurrentSettings, create_public_router
from app.accounts.set_up import service
from app.accounts.set_up.schemas import SetUpForm
from app.accounts.set_up.service import SET_UP_PATH
from app.accounts.signing_in.entrance import let_in
from app.core.clock import Now
from app.core.db import Session
from app.core.forms import Form, read_form
from app.core.templating import render

router = create_public_router()


@router.get(SET_UP_PATH)
async def set_up(request: Request, session: Session, settings: CurrentSettings) -> Response:
    token = request.query_params.get("token", "")
    await service.refuse_set_up(session, settings, token)
    return render(request, "accounts/set_up.html", {"form": Form[SetUpForm]({}), "token": token})


@router.post(SET_UP_PATH)
async def submit_set_up(request: Request, session: Session, settings: CurrentSettings, now: Now) -> Response:
    """Make the organisation and its admin, and sign the admin in."""
    form = await read_form(request, SetUpForm)
    token = str(form.values.get("token", ""))
    await service.refuse_set_up(session, settings, token)
    if form.data is None:
        return render(request, "accounts/set_up.html", {"form": form, "token": token}, status_code=422)
    admin = await service.set_up(session, form.data, request.app.state.prepare_organisation)
    return await let_in(request, session, admin, now)
