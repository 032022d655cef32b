"""Filters for those who do not type them: links that put one into the search, and links that take one out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.accounts.viewer import Viewer
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.practices.queries import CodeName
from app.similar.facets import FacetCounts
from app.similar.operators import Operator, write_filter
from app.similar.reading import ReadQuery


@dataclass(frozen=True)
class Chip:
    """A link to the search with one filter more, or less."""

    label: str
    url: str
    count: int | None = None
    """How many of the found it would leave."""


FEWEST_VALUES = 2
MOST_VALUES = 6
FACET_NAMES: Mapping[Operator, str] = {
    Operator.OBSTACLE: N_("Stuck because"),
    Operator.STAGE: N_("Stage"),
    Operator.INDUSTRY: N_("Industry"),
    Operator.OUTCOME: N_("Outcome"),
    Operator.PRODUCT: N_("Product"),
}
FACET_KINDS: Mapping[Operator, str] = {
    Operator.OBSTACLE: "obstacle",
    Operator.STAGE: "stage",
    Operator.INDUSTRY: "industry",
    Operator.OUTCOME: "outcome",
}
"""Kinds of codes; a product is a name by itself."""


def list_taken(read: ReadQuery, link: Callable[[str], str]) -> list[Chip]:
    """What narrows the search, as it was typed: a link to the search without it. `link` is the address of a query."""
    return [Chip(token.written, link(read.write_without(token))) for token in read.taken]


def list_offered(read: ReadQuery, viewer: Viewer, today: date, link: Callable[[str], str]) -> list[Chip]:
    """What is often wanted next and not asked for yet."""
    asked = {token.operator for token in read.taken}
    typed = " ".join(token.written for token in read.tokens)
    return [
        Chip(label, link(f"{typed} {written}".strip()))
        for operator, written, label in _list_offers(viewer, today)
        if operator not in asked
    ]


@dataclass(frozen=True)
class FacetChips:
    """The values of one kind that the found have, the most frequent first."""

    label: str
    chips: list[Chip]


def list_facets(
    read: ReadQuery, counts: FacetCounts, codes: Iterable[CodeName], link: Callable[[str], str]
) -> list[FacetChips]:
    """How the found can be narrowed; nothing of a kind that is narrowed already, or in which they are all alike."""
    asked = {token.operator for token in read.taken}
    typed = " ".join(token.written for token in read.tokens)
    names = {(code.kind.value, code.key): code.name for code in codes}
    listed = []
    for operator, counter in counts.items():
        if operator in asked or len(counter) < FEWEST_VALUES:
            continue
        most = sorted(counter.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_VALUES]
        kind = FACET_KINDS.get(operator, "")
        chips = [
            Chip(names.get((kind, value), value), link(f"{typed} {write_filter(operator, value)}".strip()), count)
            for value, count in most
        ]
        listed.append(FacetChips(_(FACET_NAMES[operator]), chips))
    return listed


def _list_offers(viewer: Viewer, today: date) -> Iterator[tuple[Operator, str, str]]:
    since, until = _("after:{date}"), _("before:{date}")
    yield Operator.STATE, _("status:open"), _("Still open")
    yield Operator.STATE, _("status:closed"), _("Resolved")
    yield Operator.OWNER, _("by:me"), _("My own")
    if viewer.team_ids:
        yield Operator.TEAM, _("team:mine"), _("My team")
    yield Operator.AFTER, since.format(date=today.year), _("This year")
    last_year = f"{since.format(date=today.year - 1)} {until.format(date=today.year)}"
    yield Operator.AFTER, last_year, _("Last year")


def list_examples(today: date) -> list[str]:
    """Operators as they are typed in the language of the request, to learn from."""
    return [
        _('reason:"champion left"'),
        _("status:open"),
        _("after:{date}").format(date=today.year),
        _("“these very words”"),
        _("-discount"),
    ]
