"""Manifests from files, folders and standard input, as plain data with the place that they come from."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sluice_operator import goyaml
from sluice_plugin.errors import Refused

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
STDIN = "-"


@dataclass(frozen=True)
class Manifest:
    """One document of a file."""

    where: str
    data: Any


def read_manifests(names: Sequence[str]) -> tuple[Manifest, ...]:
    """All documents, in their order; the items of a List are documents, too."""
    return tuple(m for name in names for where, text in _texts(name) for m in _documents(where, text))


def _texts(name: str) -> Iterator[tuple[str, str]]:
    if name == STDIN:
        yield "standard input", sys.stdin.read()
        return
    path = Path(name)
    files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
    for file in files:
        try:
            yield str(file), file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{file} cannot be read: {error}") from error


def _documents(where: str, text: str) -> Iterator[Manifest]:
    try:
        found = [document for document in goyaml.load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise Refused(f"{where} is not valid YAML: {error}") from error
    for number, data in enumerate(found, start=1):
        place = where if len(found) == 1 else f"{where}, document {number}"
        if isinstance(data, dict) and data.get("kind") == "List":
            items = data.get("items")
            yield from (Manifest(place, item) for item in (items if isinstance(items, list) else ()))
        else:
            yield Manifest(place, data)
