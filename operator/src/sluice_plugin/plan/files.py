"""Manifests from files, folders and standard input, as plain data with the place that they come from."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sluice_operator import goyaml
from sluice_plugin.errors import Refused

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
STDIN = "-"
_TEMPLATE_HINT = "it holds a template, {{ … }}: render it first, such as with helm template"


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
        yield _read("standard input", sys.stdin.read)
        return
    path = Path(name)
    files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
    yield from (_read(str(file), partial(file.read_text, encoding="utf-8")) for file in files)


def _read(where: str, read: Callable[[], str]) -> tuple[str, str]:
    try:
        return where, read()
    except UnicodeDecodeError as error:
        raise Refused(f"{where} is not UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise Refused(f"{where} cannot be read: {error}") from error


def _documents(where: str, text: str) -> Iterator[Manifest]:
    try:
        found = [document for document in goyaml.load_all(text) if document is not None]
    except yaml.YAMLError as error:
        hint = f"; {_TEMPLATE_HINT}" if "{{" in text else ""
        raise Refused(f"{where} is not valid YAML: {error}{hint}") from error
    for number, data in enumerate(found, start=1):
        place = where if len(found) == 1 else f"{where}, document {number}"
        yield from _items(Manifest(place, data))


def _items(manifest: Manifest) -> Iterator[Manifest]:
    """The objects of a list, as `kubectl get -o yaml` and others write lists: of any kind, one in another."""
    data = manifest.data
    if (
        isinstance(data, dict)
        and str(data.get("kind")).endswith("List")
        and isinstance(data.get("items"), list)
    ):
        for item in data["items"]:
            yield from _items(Manifest(manifest.where, item))
    else:
        yield manifest
