"""Request bodies out of the API's own examples, and what to put into them that must be refused."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from app.core.config import Settings
from app.main import create_app
from tests.conftest import SECRET_KEY

DESCRIPTION: dict[str, Any] = create_app(Settings(secret_key=SecretStr(SECRET_KEY))).openapi()
SOME_ID = "01937d2e-5c1a-7b0e-9f51-3f6a2f9f1c11"

Schema = dict[str, Any]


def find_operation(method: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = DESCRIPTION["paths"][path][method.lower()]
    return operation


def resolve(schema: Schema) -> Schema:
    """The schema itself, where a reference or "this or null" stands."""
    for choice in schema.get("anyOf", ()):
        if choice != {"type": "null"}:
            return resolve(choice)
    if "$ref" not in schema:
        return schema
    found: Schema = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def find_body(operation: dict[str, Any]) -> Schema | None:
    """The schema of its JSON, or None for an operation that takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return content and resolve(content["schema"])


def build_body(operation: dict[str, Any]) -> Any:
    """A body that is valid as far as the description tells, or None for an operation without one."""
    schema = find_body(operation)
    return None if schema is None else build(schema)


def build_files(operation: dict[str, Any]) -> dict[str, tuple[str, bytes]] | None:
    """A file for an operation that takes one, else None."""
    takes_files = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    return {"file": ("notes.txt", b"A plain text")} if takes_files else None


def build(schema: Schema) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    schema = resolve(schema)
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("type") == "object" and "properties" in schema:
        return {
            name: build(field)
            for name, field in schema["properties"].items()
            if name in schema.get("required", ()) or "examples" in field
        }
    return SOME_ID if schema.get("format") == "uuid" else schema.get("default")


def spoil(schema: Schema, body: Any, bad: str) -> Iterator[tuple[str, Any]]:
    """The body once for each text in it, however deep, with `bad` in its place; named by where that is."""
    for name, field in schema["properties"].items():
        for where, value in spoil_field(resolve(field), bad):
            yield f"{name}{where}", body | {name: value}


def spoil_field(schema: Schema, bad: str) -> Iterator[tuple[str, Any]]:
    if schema.get("type") == "string":
        yield "", bad
    elif schema.get("type") == "array":
        for where, value in spoil_field(resolve(schema["items"]), bad):
            yield f"[]{where}", [value]
    elif schema.get("type") == "object" and "properties" in schema:
        for where, value in spoil(schema, build(schema), bad):
            yield f".{where}", value
