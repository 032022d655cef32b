"""Inviting several people at once, and taking an invitation back."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.invitations.queries import find_person_by_email
from app.accounts.invitations.schemas import InvitationsForm
from app.accounts.links.service import end_links
from app.accounts.models import User
from app.accounts.people.deps import Member
from app.accounts.people.schemas import InviteForm
from app.accounts.people.service import change_person, invite, reactivate
from app.accounts.service import AlreadyMember, record_audit
from app.accounts.viewer import Viewer
from app.core.errors import Conflict
from app.core.i18n import gettext as _


class AlreadyJoined(Conflict):
    """Who has come in is shut out, not uninvited."""

    code = "already_joined"


async def invite_all(session: AsyncSession, viewer: Viewer, form: InvitationsForm) -> tuple[list[Member], list[str]]:
    """The people who get in by the links that follow, and the addresses that are here already.

    Whose invitation was taken back is invited anew. Raises Invalid on an unknown team.
    """
    invited, here = [], []
    for fields in form.list_guests():
        guest = InviteForm.model_validate(fields)
        try:
            user = await _invite(session, viewer, guest)
        except AlreadyMember:
            here.append(guest.email)
        else:
            invited.append(Member(user, guest.email, joined=False))
    return invited, here


async def _invite(session: AsyncSession, viewer: Viewer, guest: InviteForm) -> User:
    try:
        return await invite(session, viewer, guest)
    except AlreadyMember:
        found = await find_person_by_email(session, guest.email)
        if found is None or found[2] or found[0].deactivated_at is None:
            raise
        await reactivate(session, viewer, found[0])
        await change_person(session, viewer, found[0], guest)
        return found[0]


async def revoke(session: AsyncSession, viewer: Viewer, member: Member, now: datetime) -> None:
    """Take the invitation back: its link ends. Who was asked for something meanwhile stays named there."""
    if member.joined:
        raise AlreadyJoined(_("{name} has joined already: shut them out instead.").format(name=member.user.name))
    await end_links(session, member.user)
    member.user.deactivated_at = now
    await record_audit(session, viewer, "invitation.revoked", member.user.id)
