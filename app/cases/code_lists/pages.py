"""An admin's pages about the closed lists."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.accounts.deps import AdminUser, create_admin_router
from app.cases.code_lists import service
from app.cases.code_lists.schemas import EXTENDED, CodeForm, NewCodeForm
from app.cases.codes import list_codes, read_templates
from app.cases.models import Code, CodeKind
from app.core.clock import Now
from app.core.db import Session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.forms import Form, read_form
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.core.templating import flash, redirect, render

router = create_admin_router()

KIND_NAMES = {
    CodeKind.OBSTACLE: N_("Why it is stuck"),
    CodeKind.OUTCOME: N_("Outcomes"),
    CodeKind.OBJECTION: N_("Objections"),
    CodeKind.STAGE: N_("Stages"),
    CodeKind.INDUSTRY: N_("Industries"),
}


async def get_code(code_id: UUID, session: Session, _admin: AdminUser) -> Code:
    code = await service.find_code_by_id(session, code_id)
    if code is None:
        raise NotFound
    return code


ManagedCode = Annotated[Code, Depends(get_code)]


@router.get("/admin/codes")
async def list_code_lists(
    request: Request, session: Session, kind: Annotated[CodeKind, Query()] = CodeKind.OBSTACLE
) -> Response:
    context = {
        "kind": kind,
        "kinds": [(each, _(name)) for each, name in KIND_NAMES.items()],
        "codes": await list_codes(session, kind, retired=True),
        "extended": kind in EXTENDED,
    }
    return render(request, "codes/list.html", context)


@router.get("/admin/codes/new")
async def new_code(request: Request, kind: Annotated[CodeKind, Query()] = CodeKind.OBSTACLE) -> Response:
    return _show(request, kind, Form[Any]({}))


@router.post("/admin/codes")
async def create_code(request: Request, session: Session, admin: AdminUser) -> Response:
    form = await read_form(request, NewCodeForm)
    if form.data is not None:
        try:
            code = await service.create_code(session, admin, form.data)
            return flash(_leave(request, code), _("“{name}” can be chosen now.").format(name=code.name))
        except (Conflict, Invalid) as refusal:
            form.refuse(refusal)
    typed = form.values.get("kind")
    kind = CodeKind(typed) if typed in set(CodeKind) else CodeKind.OBSTACLE
    return _show(request, kind, form, status_code=422)


@router.get("/admin/codes/{code_id}")
async def code_detail(request: Request, code: ManagedCode) -> Response:
    parts = {"name": code.names, "definition": code.definitions, "template": read_templates(code)}
    values: dict[str, str | list[str]] = {
        f"{part}_{language}": text for part, texts in parts.items() for language, text in texts.items()
    }
    return _show(request, code.kind, Form[Any](values), code)


@router.post("/admin/codes/{code_id}")
async def change_code(request: Request, session: Session, admin: AdminUser, code: ManagedCode) -> Response:
    form = await read_form(request, CodeForm)
    if form.data is not None:
        try:
            await service.change_code(session, admin, code, form.data)
            return flash(_leave(request, code), _("Saved."))
        except Invalid as refusal:
            form.refuse(refusal)
    return _show(request, code.kind, form, code, status_code=422)


@router.post("/admin/codes/{code_id}/retire")
async def retire_code(request: Request, session: Session, admin: AdminUser, code: ManagedCode, now: Now) -> Response:
    await service.retire_code(session, admin, code, now)
    return flash(_leave(request, code), _("“{name}” is offered no more.").format(name=code.name))


@router.post("/admin/codes/{code_id}/restore")
async def restore_code(request: Request, session: Session, admin: AdminUser, code: ManagedCode) -> Response:
    await service.restore_code(session, admin, code)
    return flash(_leave(request, code), _("“{name}” can be chosen now.").format(name=code.name))


def _leave(request: Request, code: Code) -> Response:
    response = redirect(request, "list_code_lists")
    response.headers["location"] += f"?kind={code.kind.value}"
    return response


def _show(
    request: Request, kind: CodeKind, form: Form[Any], code: Code | None = None, status_code: int = 200
) -> Response:
    context = {
        "kind": kind,
        "kind_name": _(KIND_NAMES[kind]),
        "code": code,
        "form": form,
    }
    return render(request, "codes/form.html", context, status_code=status_code)
