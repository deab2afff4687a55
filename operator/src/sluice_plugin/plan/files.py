"""Manifests from files, folders and standard input, as plain data with the place that they come from."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sluice_api.kinds import KINDS
from sluice_operator import goyaml
from sluice_plugin.errors import Refused

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
STDIN = "-"
_LISTS = frozenset({"List", *(f"{kind}List" for kind in KINDS if kind != "Deployment")})
_TEMPLATE_HINT = "it holds a template, {{ … }}: render it first, such as with helm template"
_STRAY = {
    r"^(<<<<<<<|>>>>>>>) ": "it holds the marks of a merge: resolve it first",
    r"\$\{\w+\}": "it holds a variable, ${…}: fill it in first, such as with envsubst",
    r"^```": "it is Markdown: save what stands between the marks ```",
    r"[“”]": "it holds typographic quotation marks: write \" or '",
    r"^\s*\u00a0": "it is indented with no-break spaces: write spaces",
}
"""What text from elsewhere brings along, and what to do about it."""


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
        text = read()
    except UnicodeDecodeError as error:
        raise Refused(f"{where} is not UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise Refused(f"{where} cannot be read: {error}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refused(f"{where}, line {line}: a NUL; this is UTF-16 or no text: save it as text in UTF-8")
    return where, text


def _documents(where: str, text: str) -> Iterator[Manifest]:
    if directive := re.search(r"^%[A-Z]+ .*", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        raise Refused(
            f"{where}, line {line}: kubectl takes no directive such as {directive[0][:40]!r}: remove it"
        )
    try:
        found = [document for document in goyaml.load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise Refused(f"{where} is not valid YAML: {_told(error)}{_hint(text, error)}") from error
    for number, data in enumerate(found, start=1):
        place = where if len(found) == 1 else f"{where}, document {number}"
        yield from _items(Manifest(place, data))


def _told(error: yaml.YAMLError) -> str:
    """What is wrong and where, in a line; the library's own words are a paragraph."""
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return str(error)
    parts = (error.context, error.problem)
    return f"line {mark.line + 1}, column {mark.column + 1}: {', '.join(p for p in parts if p)}"


def _hint(text: str, error: yaml.YAMLError) -> str:
    if any(sign in text for sign in ("{{", "{%")):
        return f"; {_TEMPLATE_HINT}"
    if "\\t" in str(error):
        return "; indent with spaces"
    found = next((told for sign, told in _STRAY.items() if re.search(sign, text, re.MULTILINE)), "")
    return f"; {found}" if found else ""


def _items(manifest: Manifest) -> Iterator[Manifest]:
    """The objects of a list, as `kubectl get -o yaml` and others write lists: of any kind, one in another."""
    data = manifest.data
    items = data.get("items") if isinstance(data, dict) and str(data.get("kind")).endswith("List") else None
    if not isinstance(items, list):
        # Other people's kinds may be called so as well, such as IPAllowList.
        if isinstance(data, dict) and data.get("kind") in _LISTS:
            raise Refused(f"{manifest.where}: a {data['kind']} must have items, a list of objects")
        yield manifest
        return
    for number, item in enumerate(items, start=1):
        place = manifest.where if len(items) == 1 else f"{manifest.where}, item {number}"
        yield from _items(Manifest(place, item))
