"""Keeping a search, and letting it go."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import Conflict, NotFound
from app.core.i18n import gettext as _
from app.similar.models import SavedSearch
from app.similar.saved import queries

SAVED_LIMIT = 50


class TooManySearches(Conflict):
    code = "too_many_searches"


async def save_search(session: AsyncSession, viewer: Viewer, text: str, now: datetime) -> SavedSearch:
    """The search, kept; one that is kept already is answered as it is. Raises TooManySearches."""
    found = await queries.find_saved(session, viewer.person_id, text)
    if found is not None:
        return found
    if await queries.count_saved(session, viewer.person_id) >= SAVED_LIMIT:
        raise TooManySearches(_("You have saved {count} searches: take one away first.").format(count=SAVED_LIMIT))
    row = insert(SavedSearch).values(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        user_id=viewer.person_id,
        text=text,
        created_at=now,
        checked_at=now,
    )
    await session.execute(row.on_conflict_do_nothing())
    saved = await queries.find_saved(session, viewer.person_id, text)
    assert saved is not None
    return saved


async def delete_search(session: AsyncSession, viewer: Viewer, search_id: UUID) -> None:
    """Raises NotFound for one that is not theirs."""
    of_person = delete(SavedSearch).where(SavedSearch.id == search_id, SavedSearch.user_id == viewer.person_id)
    if await session.scalar(of_person.returning(SavedSearch.id)) is None:
        raise NotFound
