"""Pages by cursor: the sort key of the last row, opaque to the caller and stable while rows arrive."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query

from app.core.errors import BadRequest
from app.core.i18n import gettext as _

Item = TypeVar("Item")

PAGE_SIZE = 25
MAX_PAGE_SIZE = 100

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="How many at the most.")]
CursorParam = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before; nothing for the first.")
]


@dataclass(frozen=True)
class Cursor:
    """Rows after this time and id, newest first."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        raw = json.dumps([self.at.isoformat(), self.id.hex], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str | None) -> "Cursor | None":
        """The cursor a caller sent back; a 400 for anything that is none."""
        if not text:
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            at, identifier = json.loads(raw)
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("no time zone")
            return cls(moment, UUID(hex=identifier))
        except (ValueError, TypeError, AttributeError, binascii.Error, UnicodeDecodeError) as error:
            raise BadRequest(_("That cursor is not one of ours: start again from the first page.")) from error


@dataclass
class Page(Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def cut_page(rows: Sequence[Item], limit: int, key: Callable[[Item], Cursor]) -> Page[Item]:
    """A page of `limit` out of `limit + 1` selected rows, with the cursor of the next one if there is more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return Page(items, key(items[-1]).encode() if more else None)
