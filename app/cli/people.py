"""Users and keys made by an operator, who vouches for them."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, EmailStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation, Role
from app.accounts.queries import find_organisation
from app.accounts.schemas import NewPassword
from app.accounts.service import create_key, create_user, record_audit
from app.accounts.viewer import OrganisationName, Viewer
from app.cli.site import CommandError
from app.core.db import SessionFactory
from app.core.tenancy import enter_organisation


class NewUser(BaseModel):
    """A person who can sign in at once."""

    email: EmailStr
    name: str
    role: Role
    password: NewPassword


def make_user(slug: str, person: NewUser) -> Callable[[SessionFactory], Awaitable[None]]:
    async def work(factory: SessionFactory) -> None:
        async with factory() as session, session.begin():
            organisation = await _enter(session, slug)
            user = await create_user(session, organisation, person.name, person.email, person.role, person.password)
            await record_audit(session, _view_as_site(organisation), "person.created", user.id, {"role": person.role})

    return work


def make_key(slug: str, name: str, scopes: Sequence[str]) -> Callable[[SessionFactory], Awaitable[str]]:
    """Makes a key and gives its text."""

    async def work(factory: SessionFactory) -> str:
        async with factory() as session, session.begin():
            organisation = await _enter(session, slug)
            key, text = await create_key(session, organisation.id, name, scopes, created_by_id=None)
            made = {"name": name, "scopes": " ".join(key.scopes)}
            await record_audit(session, _view_as_site(organisation), "key.created", key.id, made)
            return text

    return work


def _view_as_site(organisation: Organisation) -> Viewer:
    """Whoever runs the command is nobody in the organisation."""
    return Viewer(OrganisationName(organisation.id, organisation.name, organisation.slug))


async def _enter(session: AsyncSession, slug: str) -> Organisation:
    organisation = await find_organisation(session, slug=slug)
    if organisation is None:
        raise CommandError(f"There is no organisation {slug}.")
    await enter_organisation(session, organisation.id)
    return organisation
