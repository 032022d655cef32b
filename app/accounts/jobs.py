"""What the worker does for the accounts: mail that holds a secret, which is made where it is sent."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.links.service import LIFETIMES, create_link, link_url
from app.accounts.models import Identity, LinkPurpose
from app.accounts.signing_in.service import list_ways_in
from app.core.config import Settings
from app.core.i18n import use_language
from app.core.idempotency import ANSWERS_KEPT, forget_answers
from app.core.jobs import JobEnvironment
from app.core.mail import send_mail, write_mail
from app.core.tenancy import organisation_session


async def mail_link(
    environment: JobEnvironment, /, *, organisation_id: str, user_id: str, purpose: str, language: str, **_rest: str
) -> None:
    """Make a one-time link and mail it. Run again, it mails a new link, and the one before ends."""
    settings = environment.get(Settings)
    kind = LinkPurpose(purpose)
    async with organisation_session(environment.session_factory, UUID(organisation_id)) as session:
        user = await queries.find_active_user(session, UUID(user_id))
        organisation = await queries.find_organisation_by_id(session, UUID(organisation_id))
        if user is None or organisation is None:
            return
        identity = await session.get_one(Identity, user.identity_id)
        token = await create_link(session, user, kind, datetime.now(UTC))
    context = {
        "name": user.name,
        "organisation": organisation.name,
        "url": link_url(settings, token),
        "days": LIFETIMES[kind].days,
    }
    with use_language(language):
        mail = write_mail(identity.email, f"mail/{kind.value}.txt", context)
    await send_mail(settings, mail)


async def organisation_sessions(environment: JobEnvironment) -> AsyncIterator[AsyncSession]:
    """A transaction inside each organisation, one after the other."""
    async with environment.session_factory() as session:
        organisation_ids = await queries.list_organisation_ids(session)
    for organisation_id in organisation_ids:
        async with organisation_session(environment.session_factory, organisation_id) as session:
            yield session


async def forget_old_answers(environment: JobEnvironment, /, **_rest: object) -> None:
    """In every organisation, forget the answers to Idempotency-Keys that nobody will send again."""
    before = datetime.now(UTC) - ANSWERS_KEPT
    async for session in organisation_sessions(environment):
        await forget_answers(session, before)


async def mail_reset(environment: JobEnvironment, /, *, email: str, language: str, **_rest: str) -> None:
    """Mail a link for a new password to whoever signs in with this e-mail, if anybody does."""
    async with environment.session_factory() as session:
        identity = await queries.find_identity(session, email)
        ways = await list_ways_in(session, identity) if identity else []
    for organisation, user in ways[:1]:
        await mail_link(
            environment,
            organisation_id=str(organisation.id),
            user_id=str(user.id),
            purpose=LinkPurpose.PASSWORD_RESET.value,
            language=user.language or language,
        )
