"""The API's description of itself: named operations, examples, and every error as a problem."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.examples import DESCRIPTION

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ALWAYS = {"401", "403", "422"}
WITH_BODY = {"400", "413", "415"}
UNVERSIONED = {
    "take_back_match_feedback",
    "delete_mark",
    "delete_saved_search",
    "unlink_case",
    "change_comment",
    "delete_comment",
    "remove_attachment",
}
"""What is one's own alone, or never changed, is changed by nobody else meanwhile, and has no version."""
FILES = {"fetch_export", "add_attachment", "get_attachment_content"}
"""What takes or gives a file, and no model."""
SNAKE_CASE = re.compile(r"[a-z]+(_[a-z]+)+")


class Operation(NamedTuple):
    method: str
    path: str
    spec: dict[str, Any]

    @property
    def errors(self) -> set[str]:
        return {status for status in self.spec["responses"] if status >= "400"}

    @property
    def successes(self) -> dict[str, dict[str, Any]]:
        """The answers that are none of an error, by status."""
        return {status: answer for status, answer in self.spec["responses"].items() if status < "400"}


def list_operations() -> Iterator[Operation]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, spec in methods.items():
            yield Operation(method, path, spec)


def asks_for_version(operation: Operation) -> bool:
    return operation.method in {"patch", "delete"} and operation.spec["operationId"] not in UNVERSIONED


OPERATIONS = list(list_operations())
READS = [operation for operation in OPERATIONS if operation.method == "get" and operation.path.endswith("}")]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: f"{it.method} {it.path}")


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_there_are_operations_and_all_are_below_one_version() -> None:
    assert len(OPERATIONS) >= 40
    assert [operation.path for operation in OPERATIONS if not operation.path.startswith("/api/v1/")] == []


def test_no_two_operations_have_one_name() -> None:
    names = Counter(operation.spec["operationId"] for operation in OPERATIONS)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_reference_leads_somewhere() -> None:
    targets = set(re.findall(r"#/components/schemas/([^']+)'", str(DESCRIPTION)))
    assert targets - set(DESCRIPTION["components"]["schemas"]) == set()


@every_operation
def test_an_operation_has_a_name_a_summary_and_a_tag(operation: Operation) -> None:
    assert SNAKE_CASE.fullmatch(operation.spec["operationId"])
    assert operation.spec["summary"]
    assert not operation.spec["summary"].endswith(".")
    assert len(operation.spec["tags"]) == 1


@every_operation
def test_an_operation_documents_its_errors_as_problems(operation: Operation) -> None:
    expected = ALWAYS | (WITH_BODY if "requestBody" in operation.spec else set())
    if "{" in operation.path:
        expected = expected | {"404"}
    if asks_for_version(operation):
        expected = expected | {"404", "412", "428"}
    names = {parameter["name"] for parameter in operation.spec.get("parameters", ())}
    if "Idempotency-Key" in names:
        expected = expected | {"409"}
    if "cursor" in names:
        expected = expected | {"400"}
    assert expected - operation.errors == set()
    assert "429" not in operation.errors, "no operation is throttled"
    assert [status for status in operation.errors if operation.spec["responses"][status]["content"] != PROBLEM] == []


@every_operation
def test_an_operation_answers_json_as_a_model(operation: Operation) -> None:
    assert operation.successes
    for status, answer in operation.successes.items():
        if status == "204":
            assert "content" not in answer
        elif operation.spec["operationId"] not in FILES:
            assert list(answer["content"]) == ["application/json"]
            assert "$ref" in answer["content"]["application/json"]["schema"]


@every_operation
def test_what_has_a_version_is_answered_with_its_etag(operation: Operation) -> None:
    for answer in operation.successes.values():
        model = resolve(answer.get("content", {}).get("application/json", {}).get("schema", {}))
        assert ("ETag" in answer.get("headers", {})) is ("version" in model.get("properties", {}))


@every_operation
def test_what_is_created_with_an_address_is_answered_with_it(operation: Operation) -> None:
    answer = operation.spec["responses"].get("201")
    if answer is not None:
        has_address = answer["content"] in [found.spec["responses"]["200"]["content"] for found in READS]
        assert ("Location" in answer.get("headers", {})) is has_address


@every_operation
def test_a_change_of_what_has_a_version_asks_for_the_version(operation: Operation) -> None:
    if asks_for_version(operation):
        [parameter] = [found for found in operation.spec["parameters"] if found["name"] == "If-Match"]
        assert parameter["required"]


WITH_BODIES = [
    operation
    for operation in OPERATIONS
    if "requestBody" in operation.spec and operation.spec["operationId"] not in FILES
]


@pytest.mark.parametrize("operation", WITH_BODIES, ids=lambda it: f"{it.method} {it.path}")
def test_a_request_body_shows_what_to_send(operation: Operation) -> None:
    body = operation.spec["requestBody"]
    assert body["required"]
    assert list(body["content"]) == ["application/json"]
    schema = resolve(body["content"]["application/json"]["schema"])
    assert schema["additionalProperties"] is False, "an unknown field is refused"
    if "examples" in schema:
        return
    bare = [name for name in schema.get("required", ()) if "examples" not in schema["properties"][name]]
    assert bare == []
    assert any("examples" in field for field in schema["properties"].values())
