"""Taking a file in, and having it checked or imported."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.viewer import Viewer
from app.core.db import new_id
from app.core.errors import Conflict, Invalid
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.core.jobs import BULK, publish
from app.core.text import LINE_LIMIT
from app.imports.fields import guess_mapping
from app.imports.models import UNDER_WAY, Import, Stage
from app.imports.reading import Table

SAMPLE_ROWS = 3


class ImportUnderWay(Conflict):
    """The job is at work on this file."""

    code = "import_under_way"


class NotChecked(Conflict):
    """A file is checked before it is imported, and imported once."""

    code = "import_not_checked"


async def take_in(
    session: AsyncSession, viewer: Viewer, file_name: str, data: bytes, table: Table, now: datetime
) -> Import:
    """Keep the file, with a first guess at what its columns mean."""
    taken = Import(
        organisation_id=viewer.organisation_id,
        id=new_id(),
        user_id=viewer.person_id,
        created_at=now,
        file_name=file_name[-LINE_LIMIT:],
        data=data,
        columns=table.columns,
        sample=table.rows[:SAMPLE_ROWS],
        mapping=guess_mapping(table.columns),
        total=len(table.rows),
    )
    session.add(taken)
    await session.flush()
    return taken


async def check(session: AsyncSession, taken: Import, mapping: Mapping[str, int], *, posts: bool) -> None:
    """Have every row tried without effect. Raises Invalid unless there is something to make a case of."""
    refuse_under_way(taken)
    if taken.stage is Stage.IMPORTED:
        raise NotChecked(_("This file is imported already: upload it again to import it twice."))
    if "title" not in mapping:
        raise Invalid.at("title", _("Choose the column that holds the title."))
    if any(number >= len(taken.columns) for number in mapping.values()):
        raise Invalid(_("Choose one of the columns."), fields=dict.fromkeys(mapping, _("Choose one of the columns.")))
    taken.mapping, taken.posts = dict(mapping), posts
    await _start(session, taken, Stage.CHECKING)


async def run(session: AsyncSession, taken: Import, viewer: Viewer) -> None:
    """Import the rows that passed the check."""
    refuse_under_way(taken)
    if taken.stage is not Stage.CHECKED:
        raise NotChecked(_("Check the file first; it is imported once."))
    await record_audit(session, viewer, "cases.imported", taken.id, {"file": taken.file_name})
    await _start(session, taken, Stage.IMPORTING)


def refuse_under_way(taken: Import) -> None:
    if taken.stage in UNDER_WAY:
        raise ImportUnderWay(_("The file is being worked on: wait until that is done."))


async def _start(session: AsyncSession, taken: Import, stage: Stage) -> None:
    taken.stage, taken.done, taken.failed, taken.errors = stage, 0, 0, []
    await publish(
        session,
        "import.started",
        queue=BULK,
        organisation_id=str(taken.organisation_id),
        import_id=str(taken.id),
        language=current_language(),
    )
