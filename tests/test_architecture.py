"""The house rules that no other tool holds: how large a module, a function or a template may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.templating import ROOT, environment

MODULE_LINES = 300
FUNCTION_LINES = 60
TEMPLATE_LINES = 200

MODULES = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_outgrows_its_purpose() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_no_function_outgrows_a_screen() -> None:
    long = {
        f"{_name(path)}:{function.name}": lines
        for path in MODULES
        for function in _functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_no_template_outgrows_its_purpose() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in TEMPLATES}
    assert {name: lines for name, lines in lengths.items() if lines > TEMPLATE_LINES} == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_template_parses_and_keeps_the_content_security_policy(path: Path) -> None:
    source = path.read_text()
    environment.parse(source)
    assert " style=" not in source
    assert "<script>" not in source
    assert " onclick=" not in source
    assert "hx-on" not in source
    assert source.startswith("{#"), "the first line says what the template needs"
