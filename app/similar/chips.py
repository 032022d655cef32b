"""Filters for those who do not type them: links that put one into the search, and links that take one out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from app.accounts.viewer import Viewer
from app.core.i18n import gettext as _
from app.similar.operators import Operator
from app.similar.reading import ReadQuery


@dataclass(frozen=True)
class Chip:
    """A link to the search with one filter more, or less."""

    label: str
    url: str


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
