"""The API's description: shared schemas, the security scheme and what every operation has in common."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.core.error_pages import Problem, document_errors
from app.core.idempotency import HEADER, MAX_KEY_LENGTH
from app.core.versions import ETAG_HEADER, IF_MATCH, REQUIRED_IF_MATCH

DESCRIPTION = """
Stuck deals, their plans and what got them moving, for programs.

Sign in with `Authorization: Bearer <API key>`. A key sees what everyone in its organisation sees; with the header
`Unstuck-Act-As` (scope `act-as`) it has that user's rights and no more. Every error is `application/problem+json`
(RFC 9457). Lists are paged by cursor. A POST takes an `Idempotency-Key`; PATCH and DELETE take `If-Match`.
"""

CREATED: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "Created",
        "headers": {
            "Location": {"description": "Where to read it.", "required": True, "schema": {"type": "string"}},
        },
    }
}
"""The `responses` of an operation that creates something with an address of its own."""


def may_create(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The same for an operation that answers 200 with what there is already, or 201 with what it has made."""
    return {201: CREATED[201] | {"model": model}}


WRITING_METHODS = {"post", "patch", "put"}

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "For two days, the same key with the same body gives the first answer again, and happens once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}


def describe_api(app: FastAPI) -> None:
    """Let the application describe its API as OpenAPI 3.1, with the schema of a problem."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title="Unstuck", version="1", description=DESCRIPTION, routes=app.routes, openapi_version="3.1.0"
            )
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            for path in schema["paths"].values():
                for method, operation in path.items():
                    _complete(method, operation, schemas)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add what follows from the method, the body and the answer of every operation alike."""
    responses = operation["responses"]
    if method == "post" and "similar" not in operation["operationId"]:
        operation.setdefault("parameters", []).append(KEY_PARAMETER)
    if method in WRITING_METHODS:
        responses |= {str(status): problem for status, problem in document_errors(413, 415).items()}
    if "422" in responses:
        responses["422"] = document_errors(422)[422]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == IF_MATCH and "428" in responses:
            parameter.update(REQUIRED_IF_MATCH)
    for status, answer in responses.items():
        if status < "400" and "version" in _find_fields(answer, schemas):
            answer["headers"] = answer.get("headers", {}) | ETAG_HEADER


def _find_fields(answer: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The fields of the model that a response holds."""
    reference = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    fields: dict[str, Any] = schemas.get(reference.rpartition("/")[2], {}).get("properties", {})
    return fields
