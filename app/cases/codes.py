"""The closed lists of an organisation: what every organisation starts with, and how a code is found by its key."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import Code, CodeKind
from app.core.i18n import current_language

BUILT_IN = tomllib.loads((Path(__file__).parent / "codes.toml").read_text(encoding="utf-8"))
"""By kind: key, names and definitions in nb, sv and en, in the order they are offered."""


TEMPLATES: Mapping[str, Mapping[str, str]] = {
    definition["key"]: definition.pop("templates", {}) for definition in BUILT_IN[CodeKind.OBSTACLE.value]
}
"""Of the built-in obstacles, by key: text by language. They stand in no row until an admin changes them."""


def read_templates(code: Code) -> Mapping[str, str]:
    """By language, as they are offered."""
    return code.templates or (TEMPLATES.get(code.key, {}) if code.kind is CodeKind.OBSTACLE else {})


def find_template(code: Code) -> str:
    """In the language of the request; empty where there is none."""
    return read_templates(code).get(current_language(), "")


async def create_built_in_codes(session: AsyncSession, organisation_id: UUID) -> None:
    """Give a new organisation the codes everybody starts with. The organisation must have been entered."""
    session.add_all(
        Code(organisation_id=organisation_id, kind=CodeKind(kind), position=position, built_in=True, **definition)
        for kind, definitions in BUILT_IN.items()
        for position, definition in enumerate(definitions)
    )
    await session.flush()


async def list_codes(session: AsyncSession, kind: CodeKind | None = None, *, retired: bool = False) -> Sequence[Code]:
    """The codes that can be chosen, in their order; with `retired` also those that no longer can."""
    query = select(Code).order_by(Code.kind, Code.position, Code.key)
    if kind is not None:
        query = query.where(Code.kind == kind)
    if not retired:
        query = query.where(Code.retired_at.is_(None))
    return (await session.scalars(query)).all()


async def find_code(session: AsyncSession, kind: CodeKind, key: str) -> Code | None:
    """A code that can be chosen, or None."""
    return await session.scalar(select(Code).where(Code.kind == kind, Code.key == key, Code.retired_at.is_(None)))
