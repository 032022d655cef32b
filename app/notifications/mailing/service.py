"""What a person chose to hear by mail, and the address that ends mail in one step.

An address of that kind is made of the person, what it ends, and a digest of both that only this site can make: it is
stored nowhere and never grows old, as the mail it stands in may be read years later.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.members import load_member
from app.accounts.service import enter_by_token
from app.accounts.viewer import Viewer
from app.core.config import Settings
from app.core.db import new_id
from app.core.errors import NotFound
from app.core.i18n import set_language
from app.core.security import derive_token
from app.notifications.models import Kind, MailChoice, Rate

UNSUBSCRIBE_PATH = "/unsubscribe"
WEEKLY = "weekly"
"""Stands in an address for the weekly mail, as a kind does for its own."""


class Ending(NamedTuple):
    """What an address ends, and for whom."""

    viewer: Viewer
    kinds: Sequence[Kind]
    """Empty for the weekly mail."""


async def find_choice(session: AsyncSession, viewer: Viewer) -> MailChoice:
    """What they chose; the defaults, not stored, for somebody who never did."""
    found = await session.scalar(select(MailChoice).where(MailChoice.user_id == viewer.person_id))
    return found or MailChoice(rates={}, weekly=True)


async def choose(session: AsyncSession, viewer: Viewer, rates: Mapping[Kind, Rate], *, weekly: bool) -> None:
    await _store(session, viewer, rates={kind.value: rate.value for kind, rate in rates.items()}, weekly=weekly)


async def mark_weekly_sent(session: AsyncSession, viewer: Viewer, day: date) -> None:
    await _store(session, viewer, weekly_sent_on=day)


async def _store(session: AsyncSession, viewer: Viewer, **values: Any) -> None:
    row = insert(MailChoice).values(
        organisation_id=viewer.organisation_id, id=new_id(), user_id=viewer.person_id, **values
    )
    await session.execute(row.on_conflict_do_update(index_elements=["organisation_id", "user_id"], set_=values))


def write_ending(settings: Settings, viewer: Viewer, kinds: Sequence[Kind] = ()) -> str:
    """The address that ends mail of these kinds for the person; of none, the weekly mail."""
    ended = ".".join(kinds) or WEEKLY
    token = f"{viewer.organisation_id.hex}.{viewer.person_id.hex}.{ended}"
    return settings.address(f"{UNSUBSCRIBE_PATH}/{token}.{_sign(settings, token)}")


def _sign(settings: Settings, token: str) -> str:
    return derive_token(settings.secret_key.get_secret_value(), f"unsubscribe {token}")


async def open_ending(session: AsyncSession, settings: Settings, token: str) -> Ending:
    """What the address ends, with the organisation entered and the language set. Raises NotFound for one not ours."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_sign(settings, signed).encode(), signature.encode()):
        raise NotFound
    _organisation_id, user_id, *ended = signed.split(".")
    organisation = await enter_by_token(session, token)
    viewer = await load_member(session, organisation.id, UUID(user_id)) if organisation else None
    if viewer is None:
        raise NotFound
    if viewer.language:
        set_language(viewer.language)
    # A kind that an old mail names may be gone since.
    return Ending(viewer, [Kind(name) for name in ended if name in set(Kind)])


async def end(session: AsyncSession, ending: Ending) -> None:
    """No more mail of that; done twice, it is the same."""
    choice = await find_choice(session, ending.viewer)
    if not ending.kinds:
        await _store(session, ending.viewer, weekly=False)
        return
    await _store(session, ending.viewer, rates=choice.rates | {kind.value: Rate.OFF.value for kind in ending.kinds})
