"""One answer for each error: problem+json (RFC 9457) to programs, a page or a fragment to people."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.core.errors import BadRequest, Invalid, NotFound, Unauthenticated, UnstuckError
from app.core.forms import explain
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.core.templating import render

log = structlog.get_logger("errors")

CLIENT_CLOSED_REQUEST = 499

TITLES = {
    400: N_("This could not be read"),
    401: N_("Sign in first"),
    403: N_("You may see this, but not do it"),
    404: N_("Not found"),
    405: N_("This address does not take that method"),
    409: N_("Not possible now"),
    412: N_("Somebody saved meanwhile"),
    413: N_("Too large"),
    415: N_("This kind of content is not taken here"),
    422: N_("Something needs mending"),
    428: N_("Say which version you change"),
    429: N_("Too many tries"),
    500: N_("Something broke on our side"),
    503: N_("Not ready yet"),
}


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field("about:blank", examples=["urn:unstuck:case_not_ready"])
    title: str = Field(examples=["Not possible now"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Before the case can be posted: write what you want to achieve."])
    code: str = Field(examples=["case_not_ready"])
    request_id: str = Field("", examples=["3f9a1c0b77de"])
    errors: dict[str, str] = Field(default_factory=dict, description="Message by field.")


def is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def answer_error(request: Request, error: UnstuckError) -> Response:
    title = _(TITLES.get(error.status, TITLES[500]))
    request_id = getattr(request.state, "request_id", "")
    if is_api(request):
        problem = Problem(
            type=f"urn:unstuck:{error.code}",
            title=title,
            status=error.status,
            detail=error.message,
            code=error.code,
            request_id=request_id,
            errors=error.fields,
        )
        return JSONResponse(
            problem.model_dump(),
            status_code=error.status,
            media_type="application/problem+json",
            headers=error.headers,
        )
    if isinstance(error, Unauthenticated) and request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(str(request.url_for("sign_in").include_query_params(next=back)), 303)
    return render(
        request,
        "errors/error.html",
        {
            "status": error.status,
            "title": title,
            "text": error.message,
            "fields": error.fields,
            "request_id": request_id,
        },
        status_code=error.status,
        headers=error.headers,
        block="content" if "hx-request" in request.headers else None,
    )


def _from_validation(error: RequestValidationError) -> UnstuckError:
    details: list[Any] = list(error.errors())
    if any(detail["type"] == "json_invalid" for detail in details):
        return BadRequest(_("The body is not valid JSON."))
    if any(detail["loc"][:1] == ("path",) for detail in details):
        # An id that is none leads to nothing, like one that is not there.
        return NotFound()
    fields = {".".join(str(part) for part in d["loc"] if part != "body") or "body": explain(d) for d in details}
    return Invalid(_("Some fields need mending."), fields=fields)


def _from_http(error: HTTPException) -> UnstuckError:
    detail = error.detail
    if error.status_code in TITLES and detail == HTTPStatus(error.status_code).phrase:
        detail = _(TITLES[error.status_code]) + "."
    wrapped = UnstuckError(detail)
    wrapped.status = error.status_code
    wrapped.code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("'", "")
    wrapped.headers = dict(error.headers or {})
    return wrapped


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of the application in the form its caller reads."""

    async def on_unstuck(request: Request, error: Exception) -> Response:
        assert isinstance(error, UnstuckError)
        return answer_error(request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer_error(request, _from_validation(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # FastAPI wraps whatever stops it from reading a body; ours says more.
        cause = error.__cause__
        return answer_error(request, cause if isinstance(cause, UnstuckError) else _from_http(error))

    async def on_database(request: Request, error: Exception) -> Response:
        log.error("database_unreachable", error=str(error))
        unavailable = UnstuckError(_("The database cannot be reached. Try again in a moment; nothing was changed."))
        unavailable.status, unavailable.code = 503, "database_unreachable"
        unavailable.headers = {"Retry-After": "5"}
        return answer_error(request, unavailable)

    async def on_disconnect(_request: Request, _error: Exception) -> Response:
        # Nobody reads this: the browser took its request back, as a search while typing does.
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    async def on_anything(request: Request, error: Exception) -> Response:
        log.error("unexpected_error", exc_info=error, path=request.url.path)
        return answer_error(
            request, UnstuckError(_("It is logged. Try again; if it stays, tell your admin the number below."))
        )

    app.add_exception_handler(UnstuckError, on_unstuck)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OperationalError, on_database)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_exception_handler(Exception, on_anything)


def document_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that can answer with these problems."""
    return {
        status: {
            "description": TITLES[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
