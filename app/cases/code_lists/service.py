"""What an admin does with the closed lists. A code is never deleted: cases hold it."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.cases.code_lists.schemas import EXTENDED, CodeForm, NewCodeForm
from app.cases.codes import list_codes
from app.cases.models import Code, CodeKind
from app.core.db import new_id
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _

CODES_LIMIT = 60
"""Of one kind: a longer list is read by nobody."""
KEY_LENGTH = 50


class TooManyCodes(Conflict):
    code = "too_many_codes"


class LastCode(Conflict):
    code = "last_code"


async def find_code_by_id(session: AsyncSession, code_id: UUID) -> Code | None:
    return await session.scalar(select(Code).where(Code.id == code_id).with_for_update())


async def create_code(session: AsyncSession, viewer: Viewer, form: NewCodeForm) -> Code:
    """A code of the organisation's own, last in its list. Raises Invalid on a name that is there, TooManyCodes."""
    if form.kind not in EXTENDED:
        raise Invalid.at("kind", _("Choose one of the options."))
    known = await list_codes(session, form.kind, retired=True)
    if len(known) >= CODES_LIMIT:
        raise TooManyCodes(_("There are {count} in this list: rename one that is not used.").format(count=CODES_LIMIT))
    _refuse_taken_names(form, known, None)
    code = Code(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        kind=form.kind,
        key=_make_key(form.name_en, {code.key for code in known}),
        position=max((code.position for code in known), default=0) + 1,
    )
    _write(code, form)
    session.add(code)
    await session.flush()
    await record_audit(session, viewer, "code.created", code.id, {"code": code.key})
    return code


async def change_code(session: AsyncSession, viewer: Viewer, code: Code, form: CodeForm) -> None:
    """Its key stays, so that programs and rules know it still. Raises Invalid on a name that another one has."""
    _refuse_taken_names(form, await list_codes(session, code.kind, retired=True), code)
    _write(code, form)
    await record_audit(session, viewer, "code.changed", code.id, {"code": code.key})


async def retire_code(session: AsyncSession, viewer: Viewer, code: Code, now: datetime) -> None:
    """It is offered no more; cases that hold it keep it. Raises LastCode."""
    if code.retired_at is not None:
        return
    left = select(func.count()).where(Code.kind == code.kind, Code.retired_at.is_(None), Code.id != code.id)
    if not await session.scalar(left):
        raise LastCode(_("This is the last one in its list: add another first."))
    code.retired_at = now
    await record_audit(session, viewer, "code.retired", code.id, {"code": code.key})


async def restore_code(session: AsyncSession, viewer: Viewer, code: Code) -> None:
    if code.retired_at is not None:
        code.retired_at = None
        await record_audit(session, viewer, "code.restored", code.id, {"code": code.key})


def _write(code: Code, form: CodeForm) -> None:
    code.names, code.definitions = form.read("name"), form.read("definition")
    if code.kind is CodeKind.OBSTACLE:
        code.templates = form.read("template")


def _refuse_taken_names(form: CodeForm, known: Sequence[Code], own: Code | None) -> None:
    for language, name in form.read("name").items():
        others = (code.names.get(language, "") for code in known if code is not own)
        if name.casefold() in {other.casefold() for other in others}:
            raise Invalid.at(f"name_{language}", _("There is one of this name already."))


def _make_key(name: str, taken: set[str]) -> str:
    """From the English name, told apart by a number where it is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:KEY_LENGTH] or "own"
    number, key = 2, plain
    while key in taken:
        number, key = number + 1, f"{plain}_{number}"
    return key
