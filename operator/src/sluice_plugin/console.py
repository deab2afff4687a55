"""Answers on the terminal: JSON for scripts, text for people. What is said is decided elsewhere."""

import json
import re
from typing import Any

from rich.console import Console
from rich.text import Text

from sluice_api.text import printable

MARKS = {"good": "[green]✔[/]", "bad": "[red]✖[/]", "busy": "[yellow]…[/]", "note": "[dim]•[/]"}

_LONG_HASH = re.compile(r"(?:sha256:)?\b([0-9a-f]{12})[0-9a-f]{52}\b")


class _Terminal(Console):
    """Shows what users wrote with visible control characters: none reaches the terminal as it is."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Every text that is shown comes through here."""
        return super().render_str(printable(text), **options)


def console() -> Console:
    """The terminal; long lines stay whole, so that they can be copied and searched."""
    return _Terminal(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Plain JSON, also where colours could be shown."""
    print(printable(json.dumps(value, indent=2, ensure_ascii=False)))  # noqa: T201 - the answer of the command


def short(digest: str) -> str:
    """A digest as people read it."""
    return digest.removeprefix("sha256:")[:12]


def shorten(text: str) -> str:
    """A text with its digests and hashes as people read them; `-o json` has them whole."""
    return _LONG_HASH.sub(r"\1", text)
