"""What a search looks at: all that the viewer may see, and the filters leave. It stands before anything is ranked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, or_, select

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.cases.queries import visible_to
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, State
from app.practices.models import Practice, Trust
from app.practices.queries import Codes, narrow_cases
from app.practices.queries import visible_to as practice_visible_to
from app.similar.filters import Filters, narrow
from app.similar.models import Passage

Rows: TypeAlias = Sequence[Row[*tuple[Any, ...]]]
P = ParamSpec("P")
T = TypeVar("T")

INDEXED_STATES = OPEN_STATES | CLOSED_STATES
POOLS: Mapping[bool, frozenset[State]] = {False: CLOSED_STATES, True: OPEN_STATES}
"""The states of each pool, by whether it is open."""
BOTH = tuple(POOLS)
EVERYTHING = Filters()
NO_CODES: Codes = MappingProxyType({})
KEPT_STATEMENTS = 512


@dataclass(frozen=True)
class Scope:
    """Whose search it is, and how it is narrowed. `codes` are what the filters name by key."""

    viewer: Viewer
    filters: Filters = EVERYTHING
    codes: Codes = field(default_factory=lambda: NO_CODES)

    @property
    def is_simple(self) -> bool:
        """Whether it says all by itself: neither codes, which may change, nor words are looked up."""
        filters = self.filters
        return not (filters.obstacle or filters.outcome or filters.criteria or filters.holdings)

    def select(self, pools: Collection[bool] = BOTH) -> Select[*tuple[Any, ...]]:
        """The cases of these pools. The organisation is named again, so that PostgreSQL plans for it."""
        states = frozenset[State]().union(*(POOLS[pool] for pool in pools))
        return select_visible(self.viewer, self.filters, self.codes).where(
            Case.organisation_id == self.viewer.organisation_id, Case.state.in_(sorted(states))
        )


def write_once(write: Callable[Concatenate[Scope, P], T]) -> Callable[Concatenate[Scope, P], T]:
    """Keep the statement that is written for a simple scope: to write it takes as long as to run it."""

    @lru_cache(KEPT_STATEMENTS)
    def recall(viewer: Viewer, filters: Filters, args: Any, kwargs: Any) -> T:
        return write(Scope(viewer, filters), *args, **dict(kwargs))

    @wraps(write)
    def written(scope: Scope, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not scope.is_simple:
            return write(scope, *args, **kwargs)
        return recall(scope.viewer, scope.filters, args, tuple(kwargs.items()))

    return written


def select_visible(viewer: Viewer, filters: Filters, codes: Codes = NO_CODES) -> Select[*tuple[Any, ...]]:
    """Cases with a story to find that the viewer may see, or whose practice she may see; each once.

    A retired practice is none: its case is found as a case, by those who may read it.
    """
    readable = visible_to(viewer)
    shown = and_(
        Practice.organisation_id == Case.organisation_id,
        Practice.case_id == Case.id,
        Practice.trust != Trust.OBSOLETE,
        practice_visible_to(viewer),
    )
    query = (
        select(
            Case.id.label("case_id"),
            Practice.id.label("practice_id"),
            Case.state.in_(OPEN_STATES).label("is_open"),
            readable.label("readable"),
        )
        .join_from(Case, Practice, shown, isouter=True)
        .where(Case.state.in_(INDEXED_STATES), or_(readable, Practice.id.is_not(None)))
        .where(*narrow_cases(codes, obstacle=filters.obstacle, outcome=filters.outcome))
        .where(*narrow(filters, codes, readable))
    )
    if filters.state is not None:
        query = query.where(Case.state == filters.state)
    if filters.team_id is not None:
        query = query.where(Case.team_id == filters.team_id)
    if filters.language is not None:
        query = query.where(func.coalesce(func.nullif(Practice.language, ""), Case.language) == filters.language)
    if filters.exclude_case_id is not None:
        query = query.where(Case.id != filters.exclude_case_id)
    return query


def belongs_to(visible: FromClause, part: Any = Passage) -> ColumnElement[bool]:
    """A practice's passage needs a visible practice, a case's own passage a readable case."""
    return and_(
        part.case_id == visible.c.case_id,
        or_(and_(part.practice_id.is_(None), visible.c.readable), part.practice_id == visible.c.practice_id),
    )


def select_first(measured: FromClause, depth: int, order: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Of each pool the first cases in this order, of visible ones."""
    place = func.row_number().over(partition_by=measured.c.is_open, order_by=[order, measured.c.case_id]).label("place")
    placed = select(measured, place).subquery("placed")
    return (
        select(*(placed.c[column.key] for column in measured.c))
        .where(placed.c.place <= depth)
        .order_by(placed.c.is_open, placed.c.place)
    )
