"""How often somebody may try: every try counts from the moment it begins, so that many at once do not slip by."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import SignInFailure
from app.core.db import SessionFactory, new_id
from app.core.errors import TooManyRequests
from app.core.i18n import ngettext
from app.core.security import hash_token

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
LIMIT_PER_PAIR = 5
"""Tries for one e-mail from one address. Not for the e-mail alone, or anybody could lock anybody out."""
LIMIT_PER_ADDRESS = 20


@dataclass(frozen=True)
class Attempt:
    """A try that counts as failed until it is forgiven."""

    pair: str
    row_id: UUID


async def claim_attempt(factory: SessionFactory, *, purpose: str, email: str, address: str, now: datetime) -> Attempt:
    """Count a try, in a transaction of its own. Raises TooManyRequests with the time to wait."""
    by_address = hash_token(f"{purpose} {address}")
    pair = hash_token(f"{purpose} {address} {email}")
    async with factory() as session, session.begin():
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(by_address))))
        await _refuse_too_many(session, by_address, LIMIT_PER_ADDRESS, now)
        await _refuse_too_many(session, pair, LIMIT_PER_PAIR, now)
        attempt = Attempt(pair, new_id())
        session.add(SignInFailure(id=attempt.row_id, subject=by_address, at=now))
        session.add(SignInFailure(subject=pair, at=now))
        await _forget_old(session, now)
    return attempt


async def forgive(factory: SessionFactory, attempt: Attempt) -> None:
    """The try succeeded: this person starts again from nothing, the address only gets this try back."""
    async with factory() as session, session.begin():
        await session.execute(
            delete(SignInFailure).where((SignInFailure.subject == attempt.pair) | (SignInFailure.id == attempt.row_id))
        )


async def _refuse_too_many(session: AsyncSession, subject: str, limit: int, now: datetime) -> None:
    count, first = await queries.measure_failures(session, subject, now - WINDOW)
    if first is None or count < limit:
        return
    wait = first + WINDOW - now
    minutes = int(wait.total_seconds() // 60) + 1
    raise TooManyRequests(
        ngettext("Wait one minute, then try again.", "Wait {n} minutes, then try again.", minutes).format(n=minutes),
        retry_after=int(wait.total_seconds()) + 1,
    )


async def _forget_old(session: AsyncSession, now: datetime) -> None:
    """Rows that another transaction is forgetting right now are left to it."""
    old = select(SignInFailure.id).where(SignInFailure.at < now - KEPT).with_for_update(skip_locked=True)
    await session.execute(delete(SignInFailure).where(SignInFailure.id.in_(old)))
