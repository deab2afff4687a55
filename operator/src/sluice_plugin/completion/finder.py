"""What may follow on the command line: argcomplete finds it in the parser, `objects` in the cluster."""

import argparse
import io
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from argcomplete.completers import FilesCompleter, SuppressCompleter
from argcomplete.finders import CompletionFinder

from sluice_plugin.completion.objects import OFFERS, offered

_FILES = frozenset({"filename", "settings", "kubeconfig", "source"})

_ASKED = {
    "_ARGCOMPLETE": "1",
    "_ARGCOMPLETE_IFS": "\n",
    "_ARGCOMPLETE_DFS": "\t",
    "_ARGCOMPLETE_SHELL": "fish",
    "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
}
_OFFERED: Mapping[str, Any] = {"always_complete_options": False, "default_completer": SuppressCompleter()}
"""Options are offered once a dash is typed, and files only where a file is meant."""


class _Done(Exception):
    """Completions were written."""


class _Finder(CompletionFinder):
    """argcomplete without its debug stream: descriptor 9 may be somebody else's."""

    def _init_debug_stream(self) -> None:
        """Nothing to open."""


def prepare(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser with a completer for each argument that names something."""
    for action in _actions(parser):
        if action.dest in _FILES:
            action.completer = FilesCompleter()  # type: ignore[attr-defined]
        elif action.dest in OFFERS and (not action.option_strings or action.dest == "namespace"):
            action.completer = offered(OFFERS[action.dest])  # type: ignore[attr-defined]
    return parser


def complete_for_shell(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions, and exit; do nothing when none asks."""
    if "_ARGCOMPLETE" in os.environ:
        _Finder()(prepare(parser), **_OFFERED)


def candidates(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """What the last word may become, each with a tab and its help where there is one."""
    line = f"kubectl-sluice {shlex.join(words[:-1])} {words[-1] if words else ''}"
    told = io.StringIO()
    with _as_a_shell_asks(line), suppress(_Done):
        _Finder()(prepare(parser), exit_method=_done, output_stream=told, **_OFFERED)
    return [found.rstrip("\t") for found in told.getvalue().split("\n") if found]


@contextmanager
def _as_a_shell_asks(line: str) -> Iterator[None]:
    """The interface of argcomplete is the environment that a shell gives it."""
    before = dict(os.environ)
    os.environ |= _ASKED | {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _done(_: int = 0) -> None:
    raise _Done


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # argparse offers no other way to its arguments
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
