"""An admin's page of invitations: addresses pasted, roles and teams chosen, and how each one stands."""

from datetime import datetime

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.deps import AdminUser, CurrentSettings, create_admin_router
from app.accounts.invitations import service
from app.accounts.invitations.queries import list_unanswered
from app.accounts.invitations.schemas import InvitationsForm
from app.accounts.links.service import LIFETIMES
from app.accounts.models import LinkPurpose, Role
from app.accounts.people.deps import ManagedMember
from app.accounts.people.schemas import ROLE_MEANINGS, ROLE_NAMES
from app.accounts.people.service import send_link
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.i18n import ngettext
from app.core.templating import flash, redirect, render

router = create_admin_router()


@router.get("/admin/invitations")
async def list_invitations(request: Request, session: Session, now: Now) -> Response:
    return await _show(request, session, Form[InvitationsForm]({"role": Role.SELLER.value}), now)


async def _show(request: Request, session: AsyncSession, form: Form[InvitationsForm], now: datetime) -> Response:
    context = {
        "form": form,
        "teams": [(team.id, team.name) for team in await queries.list_teams(session)],
        "roles": [(role.value, _(name), _(ROLE_MEANINGS[role])) for role, name in ROLE_NAMES.items()],
        "invitations": [
            {
                "user": user,
                "email": email,
                "role": _(ROLE_NAMES[user.role]),
                "sent_at": sent_at,
                "expires_at": expires_at,
                "expired": expires_at is not None and expires_at <= now,
            }
            for user, email, sent_at, expires_at in await list_unanswered(session)
        ],
    }
    return render(request, "accounts/invitations.html", context, status_code=422 if form.errors else 200)


@router.post("/admin/invitations")
async def invite_people(
    request: Request, session: Session, admin: AdminUser, settings: CurrentSettings, now: Now
) -> Response:
    """Invite everybody at once, or nobody when something is wrong. Without mail the links are shown, this once."""
    form = await read_form(request, InvitationsForm)
    if form.data is not None:
        try:
            invited, here = await service.invite_all(session, admin, form.data)
        except Invalid as error:
            form.refuse(error)
    if form.data is None:
        return await _show(request, session, form, now)
    links = [(member, await send_link(session, settings, admin, member, now)) for member in invited]
    text = ngettext("{n} person is invited.", "{n} people are invited.", len(invited)).format(n=len(invited))
    if here:
        text += " " + _("Here already: {addresses}.").format(addresses=", ".join(here))
    shown = [(member, url) for member, url in links if url is not None]
    if not shown:
        return flash(redirect(request, "list_invitations"), text)
    context = {"links": shown, "text": text, "days": LIFETIMES[LinkPurpose.INVITATION].days}
    return render(request, "accounts/shown_links.html", context)


@router.post("/admin/invitations/{user_id}/revoke")
async def revoke_invitation(
    request: Request, session: Session, admin: AdminUser, member: ManagedMember, now: Now
) -> Response:
    await service.revoke(session, admin, member, now)
    text = _("The invitation of {name} is taken back.").format(name=member.user.name)
    return flash(redirect(request, "list_invitations"), text)
