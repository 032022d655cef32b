"""What operators can name in this organisation: its codes, teams and people, and our states and languages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Identity, Team, User
from app.accounts.viewer import Viewer
from app.cases.models import Code
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, STATE_NAMES, State
from app.core.i18n import LANGUAGES, gettext, use_language
from app.similar.operators import Operator, fold_name
from app.similar.reading import Value
from app.similar.scope import INDEXED_STATES

Named: TypeAlias = Iterable[tuple[str, Value]]
"""Every name with what it stands for; one name may stand for several."""

STATE_GROUPS: Mapping[str, frozenset[State]] = {
    "open åpen åpne öppen öppna": OPEN_STATES,
    "closed lukket lukkede avsluttet stängd avslutad solved løst löst": CLOSED_STATES,
}
LANGUAGE_ALIASES: Mapping[str, str] = {
    "nb": "nb no nn norsk norska norwegian bokmål",
    "sv": "sv se svensk svenska swedish",
    "en": "en engelsk engelska english",
}
MINE = ("me", "meg", "mig", "mine", "mitt", "min", "my")


async def load_values(
    session: AsyncSession, viewer: Viewer, operators: Collection[Operator]
) -> dict[Operator, Mapping[str, frozenset[Value]]]:
    """By operator and folded name. Only what the operators need is read."""
    named: dict[Operator, Named] = {
        Operator.STATE: _name_states(),
        Operator.LANGUAGE: ((alias, key) for key, aliases in LANGUAGE_ALIASES.items() for alias in aliases.split()),
    }
    kinds = {Operator.OBSTACLE, Operator.STAGE, Operator.OUTCOME, Operator.INDUSTRY} & set(operators)
    for operator in kinds:
        named[operator] = await _name_codes(session, operator)
    if Operator.TEAM in operators:
        named[Operator.TEAM] = await _name_teams(session, viewer)
    if Operator.OWNER in operators:
        named[Operator.OWNER] = await _name_people(session, viewer)
    return {operator: _gather(names) for operator, names in named.items() if operator in operators}


def _gather(named: Named) -> dict[str, frozenset[Value]]:
    values: dict[str, set[Value]] = defaultdict(set)
    for name, value in named:
        values[fold_name(name)].add(value)
    return {name: frozenset(found) for name, found in values.items()}


def _name_states() -> Iterator[tuple[str, Value]]:
    for aliases, states in STATE_GROUPS.items():
        yield from ((alias, state) for alias in aliases.split() for state in states)
    for state in INDEXED_STATES:
        yield state.value, state
        for language in LANGUAGES:
            with use_language(language):
                translated = gettext(STATE_NAMES[state])
            yield translated, state


async def _name_codes(session: AsyncSession, operator: Operator) -> Named:
    """The key of a code and its names in every language stand for its key."""
    found = await session.execute(select(Code.key, Code.names).where(Code.kind == operator.name.lower()))
    return [(name, code.key) for code in found for name in (code.key, *code.names.values())]


async def _name_teams(session: AsyncSession, viewer: Viewer) -> Named:
    teams = (await session.execute(select(Team.name, Team.id))).all()
    own: list[tuple[str, Value]] = [(name, team_id) for name in MINE for team_id in viewer.team_ids]
    return [*((team.name, team.id) for team in teams), *own]


async def _name_people(session: AsyncSession, viewer: Viewer) -> Named:
    """Whole names, each of their words, and e-mail addresses; also of those who have left."""
    people = await session.execute(
        select(User.id, User.name, Identity.email).join(Identity, Identity.id == User.identity_id)
    )
    named: list[tuple[str, Value]] = []
    for person in people:
        named += [(name, person.id) for name in (person.name, person.email, *person.name.split())]
    return [*named, *((name, me) for name in MINE for me in viewer.user_ids)]
