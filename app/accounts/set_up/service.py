"""The first organisation and its first admin, made by whoever reads the console of an empty site."""

import hmac
import re
import unicodedata
from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import Role, User
from app.accounts.service import add_member, create_organisation, create_team, create_user
from app.accounts.set_up.schemas import SetUpForm
from app.core.config import Settings
from app.core.errors import NotFound
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.security import derive_token

SET_UP_PATH = "/set-up"
SLUG_LIMIT = 60
LETTERS = str.maketrans({"æ": "ae", "ø": "o", "ð": "d", "þ": "th", "ß": "ss"})

Prepare = Callable[[AsyncSession, UUID], Awaitable[None]]


def set_up_url(settings: Settings) -> str:
    """The address that sets up an empty site: print it on the console and nowhere else."""
    return f"{settings.base_url.rstrip('/')}{SET_UP_PATH}?token={_token(settings)}"


def _token(settings: Settings) -> str:
    return derive_token(settings.secret_key.get_secret_value(), "set-up")


async def refuse_set_up(session: AsyncSession, settings: Settings, token: str) -> None:
    """Raise NotFound unless the site is empty and the token is the console's. Two who try at once queue up."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("unstuck set-up"))))
    if await queries.has_organisations(session):
        raise NotFound
    if not hmac.compare_digest(token.encode(), _token(settings).encode()):
        raise NotFound(_("Open the whole address that stands on the console of the site."))


async def set_up(session: AsyncSession, form: SetUpForm, prepare: Prepare) -> User:
    """The organisation with its codes, its first team, and the admin, who is in that team."""
    organisation = await create_organisation(session, form.organisation, make_slug(form.organisation))
    await prepare(session, organisation.id)
    admin = await create_user(
        session, organisation, form.name, form.email, Role.ADMIN, form.password, current_language()
    )
    team = await create_team(session, organisation, form.team)
    await add_member(session, team, admin)
    return admin


def make_slug(name: str) -> str:
    """A name as it can stand in an address: "Måke & Sønn AS" becomes "make-sonn-as"."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LIMIT].strip("-") or "organisation"
