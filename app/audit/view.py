"""The audit trail as pages and programs read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.audit.queries import Entry, name_things
from app.audit.words import PEOPLE, describe, name_action
from app.core.i18n import gettext as _
from app.core.templating import path_for


class Channel(StrEnum):
    """From which kind of client something was done."""

    BROWSER = "browser"
    API = "api"
    SITE = "site"
    """By an operator on the command line, or by the site itself."""


def find_channel(entry: Entry) -> Channel:
    if entry.client_id is not None:
        return Channel.API
    return Channel.BROWSER if entry.user_id is not None else Channel.SITE


@dataclass(frozen=True)
class Line:
    """One entry in words."""

    at: datetime
    who: str
    did: str
    details: str
    note: str
    channel: str
    about: str
    """The name of what it is about, where the viewer may see one."""
    url: str | None


async def show_trail(request: Request, session: AsyncSession, entries: Sequence[Entry], viewer: Viewer) -> list[Line]:
    """The entries in the words of the request's language."""
    people = {UUID(entry.details[name]) for entry in entries for name in PEOPLE if name in entry.details}
    things = {found for entry in entries for found in (entry.case_id, entry.subject_id) if found}
    names = await name_things(session, people | things, viewer)
    return [_show(request, entry, names) for entry in entries]


def _show(request: Request, entry: Entry, names: dict[UUID, str]) -> Line:
    visible = entry.case_id in names
    about = entry.case_id or entry.subject_id
    return Line(
        at=entry.at,
        who=entry.user_name or entry.client_name or _("The site"),
        did=name_action(entry.action),
        details=describe(entry.details, names),
        note=entry.details.get("note", ""),
        channel=name_channel(entry),
        about=names.get(about, "") if about else "",
        url=path_for(request.app, "case_detail", case_id=entry.case_id) if visible else None,
    )


def name_channel(entry: Entry) -> str:
    match find_channel(entry):
        case Channel.API:
            return _("by the program {name}").format(name=entry.client_name) if entry.user_name else _("by a program")
        case Channel.SITE:
            return _("on the command line")
    return _("in the browser")
