"""An admin's pages about people."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.deps import AdminUser, CurrentSettings, create_admin_router
from app.accounts.links.service import LIFETIMES, MailNeeded
from app.accounts.models import LinkPurpose, Role, User
from app.accounts.people import service
from app.accounts.people.deps import ManagedMember, Member
from app.accounts.people.schemas import ROLE_MEANINGS, ROLE_NAMES, DeactivateForm, InviteForm, PersonForm
from app.accounts.service import AlreadyMember
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.config import Settings
from app.core.db import Session
from app.core.errors import Invalid
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_admin_router()


@router.get("/admin")
async def list_people(request: Request, session: Session) -> Response:
    names = {team.id: team.name for team in await queries.list_teams(session)}
    teams: dict[UUID, list[str]] = defaultdict(list)
    for row in await queries.list_all_memberships(session):
        teams[row.user_id].append(names[row.team_id])
    people = [
        {
            "user": user,
            "email": email,
            "joined": joined,
            "role": _(ROLE_NAMES[user.role]),
            "teams": teams[user.id],
        }
        for user, email, joined in await queries.list_people(session)
    ]
    return render(request, "accounts/people.html", {"people": people})


async def _show_form(
    request: Request, session: AsyncSession, form: Form[Any], member: Member | None = None
) -> Response:
    """The form of a new person, or of one who is here."""
    teams = [(team.id, team.name) for team in await queries.list_teams(session)]
    context = {
        "form": form,
        "member": member,
        "teams": teams,
        "roles": [(role.value, _(name), _(ROLE_MEANINGS[role])) for role, name in ROLE_NAMES.items()],
    }
    template = "accounts/person.html" if member else "accounts/new_person.html"
    return render(request, template, context, status_code=422 if form.errors else 200)


@router.get("/admin/people/new")
async def new_person(request: Request, session: Session) -> Response:
    return await _show_form(request, session, Form[InviteForm]({"role": Role.SELLER.value}))


@router.post("/admin/people/new")
async def invite_person(
    request: Request, session: Session, admin: AdminUser, settings: CurrentSettings, now: Now
) -> Response:
    form = await read_form(request, InviteForm)
    user = None
    if form.data is not None:
        try:
            user = await service.invite(session, admin, form.data)
        except AlreadyMember as error:
            form.fail("email", error.message)
        except Invalid as error:
            form.refuse(error)
    if user is None or form.data is None:
        return await _show_form(request, session, form)
    return await _send_link(request, session, admin, settings, Member(user, form.data.email, joined=False), now)


async def _send_link(
    request: Request, session: AsyncSession, admin: Viewer, settings: Settings, member: Member, now: Now
) -> Response:
    """Mail a link, or show it: this once, as only its digest is kept."""
    url = await service.send_link(session, settings, admin, member, now)
    if url is None:
        text = _("A link is on its way to {email}.").format(email=member.email)
        return flash(redirect(request, "list_people"), text)
    purpose = LinkPurpose.PASSWORD_RESET if member.joined else LinkPurpose.INVITATION
    context = {"url": url, "member": member, "purpose": purpose.value, "days": LIFETIMES[purpose].days}
    return render(request, "accounts/shown_link.html", context)


@router.get("/admin/people/{user_id}")
async def person_detail(request: Request, session: Session, member: ManagedMember) -> Response:
    memberships = await queries.list_memberships(session, member.user.id)
    values: dict[str, str | list[str]] = {
        "name": member.user.name,
        "role": member.user.role.value,
        "teams": [str(row.team_id) for row in memberships],
        "leads": [str(row.team_id) for row in memberships if row.leads],
        "first_team": str(memberships[0].team_id) if memberships else "",
    }
    return await _show_form(request, session, Form[PersonForm](values), member)


@router.post("/admin/people/{user_id}")
async def change_person(request: Request, session: Session, admin: AdminUser, member: ManagedMember) -> Response:
    form = await read_form(request, PersonForm)
    if form.data is not None:
        try:
            await service.change_person(session, admin, member.user, form.data)
        except Invalid as error:
            form.refuse(error)
        except service.LastAdmin as error:
            form.fail("role", error.message)
    if form.data is None:
        return await _show_form(request, session, form, member)
    return flash(redirect(request, "list_people"), _("{name} is changed.").format(name=member.user.name))


@router.post("/admin/people/{user_id}/link")
async def create_person_link(
    request: Request, session: Session, admin: AdminUser, member: ManagedMember, settings: CurrentSettings, now: Now
) -> Response:
    """A new invitation, or a reset for somebody who has joined."""
    if member.user.deactivated_at is not None:
        raise service.ShutOut(_("{name} is shut out: let them in again first.").format(name=member.user.name))
    try:
        return await _send_link(request, session, admin, settings, member, now)
    except MailNeeded as error:
        return flash(redirect(request, "person_detail", user_id=member.user.id), error.message, "problem")


async def _show_deactivation(
    request: Request, session: AsyncSession, form: Form[DeactivateForm], user: User
) -> Response:
    heirs = [(other.id, other.name) for other in await queries.list_active_users(session) if other.id != user.id]
    context = {"form": form, "leaver": user, "heirs": heirs}
    return render(request, "accounts/deactivate.html", context, status_code=422 if form.errors else 200)


@router.get("/admin/people/{user_id}/deactivate")
async def confirm_deactivation(request: Request, session: Session, member: ManagedMember) -> Response:
    return await _show_deactivation(request, session, Form[DeactivateForm]({}), member.user)


@router.post("/admin/people/{user_id}/deactivate")
async def deactivate_person(
    request: Request, session: Session, admin: AdminUser, member: ManagedMember, now: Now
) -> Response:
    form = await read_form(request, DeactivateForm)
    if form.data is not None:
        hand_over: service.HandOver = request.app.state.hand_over_cases
        try:
            await service.deactivate(session, admin, member.user, form.data, hand_over, now)
        except Invalid as error:
            form.refuse(error)
        except (service.LastAdmin, service.OwnAccount) as error:
            form.fail("form", error.message)
    if form.data is None:
        return await _show_deactivation(request, session, form, member.user)
    return flash(redirect(request, "list_people"), _("{name} is shut out.").format(name=member.user.name))


@router.post("/admin/people/{user_id}/reactivate")
async def reactivate_person(request: Request, session: Session, admin: AdminUser, member: ManagedMember) -> Response:
    await service.reactivate(session, admin, member.user)
    return flash(redirect(request, "list_people"), _("{name} can sign in again.").format(name=member.user.name))
