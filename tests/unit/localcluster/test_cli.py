"""The command line's arguments."""

import io
import os
import sys
from pathlib import Path

import pytest

from sluice_localcluster import cli
from sluice_localcluster.cli import _parser


@pytest.mark.parametrize(
    "arguments", [["-n", "t", "get", "pods"], ["exec", "web", "--", "sh", "-c", "id"], ["--help"]]
)
def test_kubectl_gets_every_argument(arguments: list[str]) -> None:
    assert _parser().parse_args(["kubectl", *arguments]).arguments == arguments


def test_the_cluster_is_named_before_the_command() -> None:
    parsed = _parser().parse_args(["--name", "other", "load-image", "a.tar", "b.tar"])
    assert parsed.name == "other"
    assert parsed.archives == [Path("a.tar"), Path("b.tar")]


def test_gpus_are_kept_unless_named() -> None:
    assert _parser().parse_args(["up"]).fake_gpus is None
    assert _parser().parse_args(["up", "--fake-gpus", "0"]).fake_gpus == 0


def test_a_reader_that_is_gone_ends_the_command_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    end, start = os.pipe()
    os.close(end)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(os.fdopen(start, "wb")))
    monkeypatch.setattr(cli.cluster, "require", lambda _: None)
    monkeypatch.setattr(cli.status, "render_environment", lambda _: "export MUCH=1")
    assert cli.main(["env"]) == cli.READER_GONE


def test_a_program_that_is_not_ours_is_refused_with_the_names_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["build", "kube-some"]) == 1
    assert "no program is named kube-some; there are coredns, helm, kube-all" in capsys.readouterr().err
