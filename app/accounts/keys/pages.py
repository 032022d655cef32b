"""An admin's page about API keys."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries, service
from app.accounts.deps import AdminUser, create_admin_router
from app.accounts.keys.schemas import KeyForm
from app.accounts.models import ApiKey
from app.accounts.service import record_audit
from app.accounts.viewer import SCOPES
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import NotFound
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_admin_router()


async def get_key(key_id: UUID, session: Session, _admin: AdminUser) -> ApiKey:
    key = await queries.find_key_by_id(session, key_id)
    if key is None:
        raise NotFound
    return key


ManagedKey = Annotated[ApiKey, Depends(get_key)]


async def _show(request: Request, session: AsyncSession, form: Form[KeyForm], new_key: str = "") -> Response:
    context = {
        "keys": await queries.list_keys(session),
        "scopes": [(scope, scope, _(meaning)) for scope, meaning in SCOPES.items()],
        "form": form,
        "new_key": new_key,
    }
    return render(request, "accounts/keys.html", context, status_code=422 if form.errors else 200)


@router.get("/admin/keys")
async def list_keys(request: Request, session: Session) -> Response:
    return await _show(request, session, Form[KeyForm]({}))


@router.post("/admin/keys")
async def create_key(request: Request, session: Session, admin: AdminUser) -> Response:
    """Make a key and show it, this once."""
    form = await read_form(request, KeyForm)
    if form.data is None:
        return await _show(request, session, form)
    key, text = await service.create_key(
        session, admin.organisation_id, form.data.name, form.data.scopes, admin.person_id
    )
    await record_audit(session, admin, "key.created", key.id, {"name": key.name, "scopes": " ".join(key.scopes)})
    return await _show(request, session, Form[KeyForm]({}), new_key=text)


@router.post("/admin/keys/{key_id}/revoke")
async def revoke_key(request: Request, session: Session, admin: AdminUser, key: ManagedKey, now: Now) -> Response:
    """Shut the program out at once; the row stays for the record."""
    if key.revoked_at is None:
        key.revoked_at = now
        await record_audit(session, admin, "key.revoked", key.id, {"name": key.name})
    return flash(redirect(request, "list_keys"), _("The key {name} no longer works.").format(name=key.name))
