"""Who signs in, and where to: the password, the organisations it opens, the session of a browser."""

import asyncio
import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import SESSION_LIFETIME, Identity, Organisation, User, UserSession
from app.accounts.signing_in.throttle import claim_attempt, forgive
from app.core.db import SessionFactory
from app.core.security import create_token, derive_token, hash_token, verify_password
from app.core.tenancy import enter_organisation

CHOICE_SECONDS = 300
USER_AGENT_LIMIT = 200


async def check_password(
    factory: SessionFactory, *, email: str, password: str, address: str, now: datetime
) -> Identity | None:
    """The identity whose e-mail and password these are. Raises TooManyRequests.

    No transaction is open while the password is compared, which is slow on purpose; an e-mail that nobody has
    takes as long as one that somebody has.
    """
    attempt = await claim_attempt(factory, purpose="sign-in", email=email, address=address, now=now)
    async with factory() as session:
        identity = await queries.find_identity(session, email)
    password_hash = identity.password_hash if identity else None
    if not await asyncio.to_thread(verify_password, password, password_hash):
        return None
    await forgive(factory, attempt)
    return identity


async def list_ways_in(session: AsyncSession, identity: Identity) -> list[tuple[Organisation, User]]:
    """The organisations in which this identity is an active user, by name."""
    ways = []
    for organisation in await queries.list_organisations(session, identity.organisation_ids):
        await enter_organisation(session, organisation.id)
        user = await queries.find_user_by_identity(session, identity.id)
        if user is not None:
            ways.append((organisation, user))
    return ways


async def sign_in(session: AsyncSession, user: User, now: datetime, user_agent: str = "") -> str:
    """Open a session for this user and return its token, which is not stored. Sessions that ran out are removed."""
    await session.execute(
        delete(UserSession).where(
            UserSession.identity_id == user.identity_id, UserSession.last_seen_at < now - SESSION_LIFETIME
        )
    )
    token = create_token()
    session.add(
        UserSession(
            token_hash=hash_token(token),
            identity_id=user.identity_id,
            organisation_id=user.organisation_id,
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            user_agent=user_agent[:USER_AGENT_LIMIT],
        )
    )
    await session.flush()
    return token


async def sign_out(session: AsyncSession, token: str) -> None:
    """End the session of this token, if there is one."""
    await session.execute(delete(UserSession).where(UserSession.token_hash == hash_token(token)))


def prove_password(secret_key: str, identity: Identity, now: datetime) -> str:
    """A short-lived proof that the password was right, for the choice between organisations that follows."""
    expires = int(now.timestamp()) + CHOICE_SECONDS
    return f"{identity.id.hex}.{expires}.{_sign(secret_key, identity, expires)}"


async def read_proof(session: AsyncSession, secret_key: str, proof: str, now: datetime) -> Identity | None:
    """The identity of a proof that is genuine, still fresh, and older than no change of the password."""
    identity_hex, _dot, rest = proof.partition(".")
    expires, _dot, signature = rest.partition(".")
    try:
        identity = await session.get(Identity, UUID(hex=identity_hex))
        fresh = int(expires) >= now.timestamp()
    except ValueError:
        return None
    if identity is None or not fresh:
        return None
    genuine = hmac.compare_digest(signature.encode(), _sign(secret_key, identity, int(expires)).encode())
    return identity if genuine else None


def _sign(secret_key: str, identity: Identity, expires: int) -> str:
    return derive_token(secret_key, f"choose-organisation {identity.id.hex} {expires} {identity.password_hash}")
