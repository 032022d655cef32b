"""What changes a deal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.core.i18n import gettext as _
from app.deals.models import Deal


class DealTaken(Conflict):
    """Another deal took the same id of the same CRM a moment ago."""

    code = "deal_taken"


async def change_deal(session: AsyncSession, deal: Deal, facts: Mapping[str, Any]) -> set[str]:
    """Set the given facts; the names of those that differed. Raises DealTaken when another deal holds the CRM's id."""
    differing = {name: value for name, value in facts.items() if getattr(deal, name) != value}
    if not differing:
        return set()
    try:
        async with session.begin_nested():
            for name, value in differing.items():
                setattr(deal, name, value)
            deal.version += 1
    except IntegrityError as error:
        raise DealTaken(_("This deal was just saved with another case. Open it again and retry.")) from error
    return set(differing)


def fill_gaps(deal: Deal, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the facts that the deal does not know yet: what the CRM says is not written over."""
    return {name: value for name, value in facts.items() if value and not getattr(deal, name)}
