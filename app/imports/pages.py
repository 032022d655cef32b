"""An admin's pages for importing cases: upload, say what the columns mean, check, import."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, BeforeValidator, Field, create_model
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app.accounts.deps import AdminUser, create_admin_router
from app.accounts.viewer import Viewer
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Invalid, NotFound
from app.core.forms import Form, read_form
from app.core.i18n import gettext as _
from app.core.templating import redirect, render, wants_block
from app.core.text import drop_blank
from app.imports import queries, service
from app.imports.fields import FIELDS
from app.imports.models import UNDER_WAY, Import, Stage
from app.imports.reading import MOST_COLUMNS, MOST_ROWS, read_table

router = create_admin_router()

Column = Annotated[int | None, Field(ge=0, lt=MOST_COLUMNS), BeforeValidator(drop_blank)]

MappingForm: type[BaseModel] = create_model(
    "MappingForm",
    posts=(bool, False),
    **dict.fromkeys(FIELDS, (Column, None)),  # type: ignore[call-overload]  # its overloads know no fields that are told by name alone.
)
"""The number of a column by field."""


class NoForm(BaseModel):
    """A button alone."""


async def get_import(import_id: UUID, session: Session, admin: AdminUser) -> Import:
    found = await queries.find_import(session, import_id, admin.person_id)
    if found is None:
        raise NotFound
    return found


OwnImport = Annotated[Import, Depends(get_import)]
"""An import of the admin's own, locked."""


@router.get("/admin/imports")
async def list_imports(request: Request, session: Session, admin: AdminUser) -> Response:
    return await _show_list(request, session, admin, {})


async def _show_list(request: Request, session: AsyncSession, admin: Viewer, errors: dict[str, str]) -> Response:
    imports = await queries.list_imports(session, admin.person_id)
    context = {"imports": imports, "errors": errors, "most_rows": MOST_ROWS}
    return render(request, "imports/list.html", context, status_code=422 if errors else 200)


@router.post("/admin/imports")
async def upload_import(request: Request, session: Session, admin: AdminUser, now: Now) -> Response:
    """Keep the file and go on to its columns."""
    await read_form(request, NoForm)
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _show_list(request, session, admin, {"file": _("Choose a file.")})
    data = await file.read()
    try:
        table = await asyncio.to_thread(read_table, data)
    except Invalid as error:
        return await _show_list(request, session, admin, error.fields)
    taken = await service.take_in(session, admin, file.filename, data, table, now)
    return redirect(request, "import_detail", import_id=taken.id)


@router.get("/admin/imports/{import_id}")
async def import_detail(request: Request, taken: OwnImport) -> Response:
    return _show(request, taken, taken.mapping, {}, posts=taken.posts)


@router.post("/admin/imports/{import_id}/check")
async def check_import(request: Request, session: Session, taken: OwnImport) -> Response:
    """Try every row without effect."""
    form: Form[BaseModel] = await read_form(request, MappingForm)
    errors = form.errors
    if form.data is not None:
        given: dict[str, Any] = form.data.model_dump(exclude_none=True)
        posts = given.pop("posts")
        try:
            await service.check(session, taken, given, posts=posts)
        except Invalid as error:
            errors = error.fields
    if errors:
        return _show(request, taken, form.values, errors, posts="posts" in form.values)
    return redirect(request, "import_detail", import_id=taken.id)


@router.post("/admin/imports/{import_id}/run")
async def run_import(request: Request, session: Session, admin: AdminUser, taken: OwnImport) -> Response:
    await service.run(session, taken, admin)
    return redirect(request, "import_detail", import_id=taken.id)


def _show(
    request: Request, taken: Import, chosen: Mapping[str, object], errors: Mapping[str, str], *, posts: bool
) -> Response:
    columns = [(number, heading or str(number + 1)) for number, heading in enumerate(taken.columns)]
    names = {field: _(name) for field, name in FIELDS.items()}
    context = {
        "taken": taken,
        "stage": taken.stage.value,
        "waits": taken.stage in UNDER_WAY,
        "names": names,
        "columns": columns,
        "chosen": chosen,
        "posts": posts,
        "errors": errors,
        "may_map": taken.stage in {Stage.UPLOADED, Stage.CHECKED},
    }
    block = "progress" if wants_block(request) and taken.stage in UNDER_WAY else None
    response = render(request, "imports/detail.html", context, status_code=422 if errors else 200, block=block)
    if wants_block(request) and block is None:
        # The job is done: the whole page has changed, and is loaded anew.
        response.headers["HX-Refresh"] = "true"
    return response
