"""Reasons are written as constants of `sluice_api.reasons`, never as strings, and only listed ones exist."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.reasons import BY_CAMEL, REASONS, Reason

CHECKOUT = Path(__file__).resolve().parents[2]
TREES = ("crds/src", "operator/src", "trainer-image/src")
FILES = [
    path for tree in TREES for path in sorted((CHECKOUT / tree).rglob("*.py")) if path.name != "reasons.py"
]
CONSTANTS = {name for name, value in vars(reasons).items() if isinstance(value, Reason)}
HELPERS = {name for name in vars(reasons) if not name.startswith("_")}
NAMES_OF_REASONS = {"reason", "code"}
SPELLINGS = REASONS.keys() | BY_CAMEL.keys()
"""Classes of failures and Kubernetes' own reasons share some words: only the use as a reason counts."""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def literals_as_reasons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings that are given to something called reason or code, or compared with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in NAMES_OF_REASONS:
            yield from strings(node.value)
        elif isinstance(node, ast.Compare) and any(is_reason(x) for x in (node.left, *node.comparators)):
            for side in (node.left, *node.comparators):
                yield from strings(side)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in NAMES_OF_REASONS:
                    yield from strings(value)


def is_reason(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in NAMES_OF_REASONS) or (
        isinstance(node, ast.Name) and node.id in NAMES_OF_REASONS
    )


def strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, part.value


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_no_reason_is_spelled_out(path: Path) -> None:
    listed = [(line, text) for line, text in literals_as_reasons(parsed(path)) if text in SPELLINGS]
    assert listed == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_every_reason_that_is_used_is_listed(path: Path) -> None:
    used = {
        node.attr
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "reasons"
    }
    assert used <= CONSTANTS | HELPERS


def test_the_check_finds_reasons() -> None:
    bad = "x = f(reason='passed'); y = {'reason': 'pending'}; z = code == 'failed'"
    bad += "; a.reason in ('OutOfMemory',)"
    tree = ast.parse(bad)
    found = {text for _, text in literals_as_reasons(tree)}
    assert found >= {"passed", "pending", "failed", "OutOfMemory"}
