"""Files and functions stay small: 400 lines a file, 50 a function, and each file says its job."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
FILES = SOURCES + sorted((ROOT / "tests").rglob("*.py"))
FILE_LIMIT = 400
FUNCTION_LIMIT = 50


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_file_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= FILE_LIMIT, "split it: one notion a file"
    assert ast.get_docstring(ast.parse(text)), "say in the first lines what the file is for"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_functions_are_small(path: Path) -> None:
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LIMIT
    ]
    assert not long


def test_no_room_for_leftovers() -> None:
    words = {"utils", "util", "common", "base", "helpers", "misc", "manager_base"}
    assert not [_name(path) for path in SOURCES if path.stem in words or path.parent.name in words]
