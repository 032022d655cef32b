"""What an operator sees of the language models and the cases they have read."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.models import Organisation
from app.core.db import SessionFactory
from app.core.tenancy import organisation_session
from app.similar.generations import Progress, read_progress


async def describe_models(factory: SessionFactory) -> list[str]:
    """A line for each model of each organisation."""
    async with factory() as session:
        organisations = (
            await session.execute(select(Organisation.id, Organisation.slug).order_by(Organisation.slug))
        ).all()
    lines = []
    for row in organisations:
        async with organisation_session(factory, row.id) as session:
            lines += _describe(row.slug, await read_progress(session))
    return lines


def _describe(slug: str, progress: Sequence[Progress]) -> list[str]:
    if not progress:
        return [f"{slug}: no model has read a case"]
    return [
        f"{slug}: {read.model}, {'in use' if read.in_use else 'not in use'}, {read.done} of {read.total} cases read"
        for read in progress
    ]
