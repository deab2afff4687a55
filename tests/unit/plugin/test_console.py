"""What people read on the terminal, and how the command ends when nobody reads."""

import argparse
import io
import os
import sys
from types import SimpleNamespace

import pytest

from sluice_plugin import __main__ as command
from sluice_plugin.console import shorten

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
