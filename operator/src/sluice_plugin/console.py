"""Answers on the terminal: JSON for scripts, text for people. What is said is decided elsewhere."""

import json
import re
from typing import Any

from rich.console import Console

MARKS = {"good": "[green]✔[/]", "bad": "[red]✖[/]", "busy": "[yellow]…[/]", "note": "[dim]•[/]"}

_LONG_HASH = re.compile(r"(?:sha256:)?\b([0-9a-f]{12})[0-9a-f]{52}\b")


def console() -> Console:
    """The terminal; long lines stay whole, so that they can be copied and searched."""
    return Console(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Plain JSON, also where colours could be shown."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 - the answer of the command


def short(digest: str) -> str:
    """A digest as people read it."""
    return digest.removeprefix("sha256:")[:12]


def shorten(text: str) -> str:
    """A text with its digests and hashes as people read them; `-o json` has them whole."""
    return _LONG_HASH.sub(r"\1", text)
