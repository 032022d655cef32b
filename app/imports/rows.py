"""A row of a file as a case: its cells are looked up, checked and written like what somebody types."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.codes import list_codes
from app.cases.drafts.service import change_case, create_draft
from app.cases.models import CodeKind
from app.cases.queries import read_facts
from app.cases.schemas import DraftForm
from app.cases.service import move_case
from app.cases.workflow import Move
from app.core.errors import Invalid
from app.core.forms import explain_all
from app.core.i18n import gettext as _

NORDIC_DATE = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")
CODED = {"obstacles": CodeKind.OBSTACLE, "industry": CodeKind.INDUSTRY, "stage": CodeKind.STAGE}


@dataclass(frozen=True)
class Known:
    """What the words in a file can mean in this organisation."""

    codes: Mapping[tuple[CodeKind, str], str]
    """Keys of codes by kind and by key or name, in lower case."""
    teams: Mapping[str, UUID]


async def load_known(session: AsyncSession) -> Known:
    codes = await list_codes(session)
    named = {(code.kind, word.lower()): code.key for code in codes for word in (*code.names.values(), code.key)}
    return Known(named, {team.name.lower(): team.id for team in await accounts.list_teams(session)})


def pick_cells(row: Sequence[str], mapping: Mapping[str, int]) -> dict[str, str]:
    """The filled cells of a row by field."""
    return {field: row[number] for field, number in mapping.items() if number < len(row) and row[number]}


async def write_case(
    session: AsyncSession, cells: Mapping[str, str], known: Known, viewer: Viewer, now: datetime, *, posts: bool
) -> None:
    """A draft out of the cells, posted when asked for. Raises Invalid or CaseNotReady with a message at each field."""
    owner = await _find_owner(session, cells, viewer)
    changes = _read_changes(cells, known)
    case = await create_draft(session, viewer, owner, now)
    case = await change_case(session, case, changes, viewer, now)
    if posts:
        await move_case(session, case, Move.POST, await read_facts(session, case), viewer, now)


async def _find_owner(session: AsyncSession, cells: Mapping[str, str], viewer: Viewer) -> User:
    if "owner" in cells:
        owner = await accounts.find_user_by_email(session, cells["owner"])
    else:
        owner = await accounts.find_active_user(session, viewer.person_id)
    if owner is None:
        raise Invalid.at("owner", _("There is no such user here."))
    return owner


def _read_changes(cells: Mapping[str, str], known: Known) -> dict[str, Any]:
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    for field, text in cells.items():
        try:
            values |= _look_up(field, text, known)
        except Invalid as error:
            errors |= error.fields
    try:
        form = DraftForm.model_validate(values)
    except ValidationError as error:
        errors = {name.partition(".")[0]: message for name, message in explain_all(error.errors()).items()} | errors
    if errors:
        raise Invalid(_("Some fields need mending."), fields=errors)
    return form.model_dump(include=set(values))


def _look_up(field: str, text: str, known: Known) -> dict[str, Any]:
    """A cell as the form of a case takes it."""
    if field == "owner":
        return {}
    if field == "team":
        if text.lower() not in known.teams:
            raise Invalid.at("team", _("There is no team “{text}”.").format(text=text))
        return {"team_id": known.teams[text.lower()]}
    if field == "obstacles":
        return {field: [_find_code(field, part, known) for part in _split(text)]}
    if field in CODED:
        return {field: _find_code(field, text, known)}
    if field == "close_date" and (found := NORDIC_DATE.match(text)):
        day, month, year = found.groups()
        return {field: f"{year}-{int(month):02}-{int(day):02}"}
    return {field: text.lower() if field in {"visibility", "language"} else text}


def _split(text: str) -> Iterable[str]:
    return (part.strip() for part in re.split(r"[,;\n]", text) if part.strip())


def _find_code(field: str, text: str, known: Known) -> str:
    key = known.codes.get((CODED[field], text.lower()))
    if key is None:
        raise Invalid.at(field, _("“{text}” is none of the choices.").format(text=text))
    return key
