"""Completion: verbs, options, choices and names from the cluster; and nothing where nothing can be known."""

import os
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.model import Key, Meta, Resource
from sluice_plugin.__main__ import VERBS, main, parser
from sluice_plugin.completion import helper, objects
from sluice_plugin.completion.finder import candidates


def words(*typed: str) -> list[str]:
    return [found.split("\t")[0] for found in candidates(parser(), list(typed))]


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    kinds = (("TrainingRun", "tickets"), ("Deployment", "live"), ("EvalGate", "gold"))
    keys = [Resource(k, Meta(n, "team", n, "1", made), {}, {}).key for k, n in kinds]  # type: ignore[arg-type]

    def read(_: object, namespace: str, kinds: Any) -> SimpleNamespace:
        assert namespace == "team"
        return SimpleNamespace(keys=lambda: [key for key in keys if key.kind in kinds])

    monkeypatch.setattr(objects, "read_namespace", read)
    monkeypatch.setattr(objects, "read_namespaces", lambda _: ("team", "other"))


def test_every_verb_is_offered_with_its_help() -> None:
    found = candidates(parser(), [""])
    assert len(found) >= len(VERBS)
    assert "logs\twhat an object's stages say, from attempt to attempt" in found
    assert words("expl") == ["explain"]


def test_options_are_offered_once_a_dash_is_typed() -> None:
    assert words("logs", "--st") == ["--stage"]
    assert "--follow" in words("logs", "trun/x", "-")
    assert words("status", "-o", "") == ["text", "json"]
    assert words("model", "im") == ["import"]


def test_objects_of_the_namespace_are_offered() -> None:
    assert words("explain", "-n", "team", "") == ["eg/gold", "mdep/live", "trun/tickets"]
    assert words("logs", "-n", "team", "tr") == ["trun/tickets"]
    assert words("lineage", "-n", "team", "") == ["live"]
    assert words("status", "-n", "") == ["other", "team"]


def test_a_number_is_no_file_and_a_new_name_is_nobodys() -> None:
    assert words("logs", "--attempt", "") == []
    assert words("model", "import", "x", "--name", "") == []


def test_a_cluster_that_is_gone_offers_nothing_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable(0, "gone")

    monkeypatch.setattr(objects, "read_namespace", fail)
    assert words("explain", "-n", "team", "") == []
    assert capsys.readouterr() == ("", "")


def test_asking_leaves_the_environment_alone() -> None:
    before = dict(os.environ)
    words("log")
    assert dict(os.environ) == before


def test_kubectls_helper_ends_with_its_directive(capsys: pytest.CaptureFixture[str]) -> None:
    assert helper.main(["explain", "-n", "team", "m"]) == 0
    assert capsys.readouterr().out == "mdep/live\n:4\n"
    assert helper.main([]) == 0
    assert capsys.readouterr().out.endswith("\n:4\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_code_for_the_plugin(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "kubectl-sluice" in capsys.readouterr().out


def test_a_key_is_offered_as_it_is_understood() -> None:
    from sluice_plugin.names import parse_target

    offered = words("logs", "-n", "team", "")
    assert {Key("team", *parse_target(word)).name for word in offered} == {"gold", "live", "tickets"}
