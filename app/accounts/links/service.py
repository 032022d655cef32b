"""One-time links: how an invited person gets in, and how a forgotten password is replaced.

A link carries its organisation, since it is looked up inside the tenant. An identity can belong to several
organisations, and an admin who sees a link must not get into another one by it. Therefore:

- An invitation sets a password only for an identity that has none and belongs nowhere else. All others join with
  the password they have.
- A reset is shown to an admin only when the identity belongs to that organisation alone; otherwise it is mailed.
- Joining an organisation and setting a password end every unused link of the identity.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.account.service import set_password
from app.accounts.models import Identity, LinkPurpose, OneTimeLink, User
from app.accounts.service import create_tenant_token, enter_by_token, join_organisation, record_audit
from app.accounts.viewer import OrganisationName, Viewer
from app.core.config import Settings
from app.core.db import new_id
from app.core.errors import Conflict, NotFound
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.jobs import publish
from app.core.security import hash_token

LINK_PATH = "/links"
LIFETIMES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.PASSWORD_RESET: timedelta(days=1)}


class MailNeeded(Conflict):
    code = "mail_needed"


class LinkSpent(NotFound):
    code = "link_spent"

    def __init__(self) -> None:
        super().__init__(_("This link was used before, or it is too old. Ask for a new one."))


@dataclass(frozen=True)
class OpenLink:
    """A link that still works, with whom it is for."""

    link: OneTimeLink
    user: User
    identity: Identity
    organisation_name: str

    @property
    def sets_password(self) -> bool:
        """Whether a new password is chosen; otherwise the one the identity has is asked for."""
        if self.link.purpose is LinkPurpose.PASSWORD_RESET:
            return True
        elsewhere = set(self.identity.organisation_ids) - {self.user.organisation_id}
        return self.identity.password_hash is None and not elsewhere


async def create_link(session: AsyncSession, user: User, purpose: LinkPurpose, now: datetime) -> str:
    """The text of a new link for a user of the entered organisation; an older one for the same purpose ends."""
    await end_links(session, user, purpose)
    token = create_tenant_token(user.organisation_id)
    session.add(
        OneTimeLink(
            organisation_id=user.organisation_id,
            id=new_id(),
            user_id=user.id,
            purpose=purpose,
            token_hash=hash_token(token),
            expires_at=now + LIFETIMES[purpose],
        )
    )
    await session.flush()
    return token


async def end_links(session: AsyncSession, user: User, *purposes: LinkPurpose) -> None:
    """No link of the user works any more, or none for these purposes."""
    unused = delete(OneTimeLink).where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None))
    await session.execute(unused.where(OneTimeLink.purpose.in_(purposes)) if purposes else unused)


def link_url(settings: Settings, token: str) -> str:
    return settings.address(f"{LINK_PATH}/{token}")


async def send_or_show_link(
    session: AsyncSession, settings: Settings, user: User, purpose: LinkPurpose, now: datetime
) -> str | None:
    """Have a link mailed where mail is set up (None), else return its address to be shown once.

    The job makes the token itself, so that it never lies in the job's table. Raises MailNeeded.
    """
    if settings.sends_mail:
        await publish(
            session,
            "account.link_created",
            organisation_id=str(user.organisation_id),
            user_id=str(user.id),
            purpose=purpose.value,
            language=user.language or current_language(),
        )
        return None
    identity = await session.get_one(Identity, user.identity_id)
    if purpose is LinkPurpose.PASSWORD_RESET and set(identity.organisation_ids) != {user.organisation_id}:
        raise MailNeeded(_("This password opens more than your organisation: set up mail, then the link goes there."))
    return link_url(settings, await create_link(session, user, purpose, now))


async def open_link(session: AsyncSession, token: str, now: datetime) -> OpenLink:
    """The link, locked, and its organisation entered. Raises LinkSpent."""
    organisation = await enter_by_token(session, token)
    if organisation is None:
        raise LinkSpent
    link = await queries.find_link(session, hash_token(token), now)
    user = link and await queries.find_active_user(session, link.user_id)
    if not link or not user:
        raise LinkSpent
    identity = await session.get_one(Identity, user.identity_id, with_for_update=True)
    return OpenLink(link, user, identity, organisation.name)


async def take_link(session: AsyncSession, opened: OpenLink, new_password: str | None, now: datetime) -> User:
    """Use the link up; its user may sign in then. `new_password` is None where the old one was given and checked."""
    opened.link.used_at = now
    if new_password is not None:
        await set_password(session, opened.identity, new_password)
    await join_organisation(session, opened.identity, opened.user.organisation_id)
    action = "person.joined" if opened.link.purpose is LinkPurpose.INVITATION else "password.changed"
    organisation = OrganisationName(opened.user.organisation_id, opened.organisation_name, "")
    await record_audit(session, Viewer(organisation, user_id=opened.user.id), action, opened.user.id)
    return opened.user
