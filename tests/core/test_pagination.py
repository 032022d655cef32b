"""A cursor comes back as it went out, and a forged one is a clear 400."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadRequest
from app.core.pagination import Cursor, cut_page


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_survives_the_journey(at: datetime, identifier: UUID) -> None:
    assert Cursor.decode(Cursor(at, identifier).encode()) == Cursor(at, identifier)


@given(st.text(min_size=1, max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        Cursor.decode(text)


@given(st.integers(min_value=1, max_value=20), st.integers(min_value=0, max_value=21))
def test_a_page_says_whether_there_is_more(limit: int, available: int) -> None:
    rows = list(range(min(available, limit + 1)))
    page = cut_page(rows, limit, lambda n: Cursor(datetime.fromtimestamp(n, UTC), UUID(int=n)))
    assert page.items == rows[:limit]
    assert (page.next_cursor is not None) == (available > limit)
