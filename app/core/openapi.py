"""The API's description: shared schemas, the security scheme and what every operation has in common."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.core.error_pages import Problem
from app.core.idempotency import HEADER, MAX_KEY_LENGTH

DESCRIPTION = """
Stuck deals, their plans and what got them moving, for programs.

Sign in with `Authorization: Bearer <API key>`. A key sees what everyone in its organisation sees; with the header
`Unstuck-Act-As` (scope `act-as`) it has that user's rights and no more. Every error is `application/problem+json`
(RFC 9457). Lists are paged by cursor. A POST takes an `Idempotency-Key`; PATCH and DELETE take `If-Match`.
"""

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first answer again, and happens once.",
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
                    _complete(method, operation)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(method: str, operation: dict[str, Any]) -> None:
    if method == "post" and "similar" not in operation["operationId"]:
        operation.setdefault("parameters", []).append(KEY_PARAMETER)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    invalid = operation["responses"].get("422")
    if invalid is not None:
        invalid["description"] = "A field fails validation"
        invalid["content"] = problem
