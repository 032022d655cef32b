"""Every select on invitations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, LinkPurpose, OneTimeLink, User
from app.accounts.queries import has_joined, select_people


async def find_person_by_email(session: AsyncSession, email: str) -> Row[User, str, bool] | None:
    """As `find_person`, by the e-mail."""
    return (await session.execute(select_people().where(Identity.email == email.strip().lower()))).one_or_none()


async def list_unanswered(session: AsyncSession) -> Sequence[Row[User, str, datetime | None, datetime | None]]:
    """Who was invited and has not come in: with e-mail, when the link was made and until when it works."""
    link = and_(
        OneTimeLink.organisation_id == User.organisation_id,
        OneTimeLink.user_id == User.id,
        OneTimeLink.purpose == LinkPurpose.INVITATION,
        OneTimeLink.used_at.is_(None),
    )
    found = await session.execute(
        select(User, Identity.email, OneTimeLink.created_at, OneTimeLink.expires_at)
        .join(Identity, Identity.id == User.identity_id)
        .outerjoin(OneTimeLink, link)
        .where(User.deactivated_at.is_(None), ~has_joined())
        .order_by(User.created_at.desc(), User.id.desc())
    )
    return found.all()
