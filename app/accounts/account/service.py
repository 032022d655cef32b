"""What people change about themselves."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.account.schemas import PreferencesForm
from app.accounts.models import Identity, User
from app.accounts.service import end_sessions, void_links
from app.core.security import hash_password


def set_preferences(user: User, wanted: PreferencesForm) -> None:
    user.language = wanted.language or user.language
    user.theme = wanted.theme or user.theme
    user.timezone = wanted.timezone or user.timezone


async def set_password(
    session: AsyncSession, identity: Identity, password: str, *, keep_session: str | None = None
) -> None:
    """Replace the password. Every other browser is signed out and every unused link ends.

    The transaction leaves its organisation: enter one afterwards.
    """
    identity.password_hash = await asyncio.to_thread(hash_password, password)
    await end_sessions(session, identity.id, besides=keep_session)
    await void_links(session, identity)
