"""What people read on the terminal, and how the command ends when nobody reads."""

import argparse
import io
import json
import os
import sys
from types import SimpleNamespace

import pytest
from rich.markup import escape
from rich.tree import Tree

from sluice_plugin import __main__ as command
from sluice_plugin.console import console, print_json, shorten
from sluice_plugin.logs.verb import say

HEX = "0123456789ab" + "c" * 52


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"sha256:{HEX}, 3 files", "0123456789ab, 3 files"),
        (f"s3://b/package/{HEX}/uid", "s3://b/package/0123456789ab/uid"),
        (f"head 9 sha256:{HEX}", "head 9 0123456789ab"),
        ("sha256:abc", "sha256:abc"),
    ],
)
def test_digests_are_short_for_people(text: str, told: str) -> None:
    assert shorten(text) == told


@pytest.mark.parametrize("control", ["\x1b", "\u009b", "\u202e", "\r"])
def test_text_of_users_is_shown_and_never_obeyed(control: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"a{control}[31mb"
    tree = Tree(escape(text))
    tree.add(escape(text))
    console().print(tree)
    console().print(f"[bold]{escape(text)}[/]\nnext")
    print_json({"label": text})
    say(f"{text}\tc")
    command._fail(text)
    shown = capsys.readouterr()
    assert control not in shown.out + shown.err
    assert f"a\\u{ord(control):04x}[31mb\nnext" in shown.out
    assert "\tc\n" in shown.out


def test_json_for_scripts_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"label": "a\u009bb\nc"})
    assert json.loads(capsys.readouterr().out) == {"label": "a\u009bb\nc"}


def test_a_reader_that_is_gone_ends_the_command_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    end, start = os.pipe()
    os.close(end)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(os.fdopen(start, "wb")))

    def run(_: argparse.Namespace) -> int:
        sys.stdout.write("much")
        return 0

    known = SimpleNamespace(parse_args=lambda _: argparse.Namespace(run=run))
    monkeypatch.setattr(command, "parser", lambda: known)
    assert command.main([]) == command.READER_GONE
