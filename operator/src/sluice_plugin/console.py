"""Answers on the terminal: JSON for scripts, text for people. What is said is decided elsewhere."""

import json
from typing import Any

from rich.console import Console

MARKS = {"good": "[green]✔[/]", "bad": "[red]✖[/]", "busy": "[yellow]…[/]", "note": "[dim]•[/]"}


def console() -> Console:
    """The terminal; long lines stay whole, so that they can be copied and searched."""
    return Console(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Plain JSON, also where colours could be shown."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 - the answer of the command


def short(digest: str) -> str:
    """A digest as people read it."""
    return digest.removeprefix("sha256:")[:12]
