"""Covers the size budget: files, functions and classes stay at sizes that one reading holds."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2] / "tenantspawner"
FILES = sorted(ROOT.rglob("*.py"))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def nodes(*types):
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, types):
                yield path.relative_to(ROOT), node


def test_files_are_small():
    assert [f"{path}: {lines(path)}" for path in FILES if lines(path) > 400] == []
    assert median(lines(path) for path in FILES if lines(path) > 10) <= 120


def test_functions_are_small():
    sizes = [
        (f"{path}:{node.lineno} {node.name}", body_lines(node))
        for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
    ]
    assert [(name, size) for name, size in sizes if size > 50] == []
    assert median(size for _, size in sizes) <= 10


def test_classes_are_small():
    sizes = [(f"{path}: {node.name}", (node.end_lineno or 0) - node.lineno + 1) for path, node in nodes(ast.ClassDef)]
    assert [(name, size) for name, size in sizes if size > 250] == []


def test_the_spawner_is_small():
    assert lines(ROOT / "spawner.py") <= 350


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_is_called_utils(path):
    assert path.stem not in {"utils", "helpers", "misc", "common"}
