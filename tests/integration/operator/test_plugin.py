"""`kubectl sluice` against a real API server: what it reads, and what it says when it may not."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice_api import meta
from sluice_localcluster import ControlPlane
from sluice_plugin.__main__ import main
from sluice_plugin.storage import store_settings
from support.operator_process import OPERATOR
from support.quickstart import LABELS, SETTINGS, deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import Teamspace


@pytest.fixture
def kubeconfig(plane: ControlPlane) -> Path:
    return Path(plane.kubeconfig_for(OPERATOR))


def add_settings(space: Teamspace, name: str, **changes: Any) -> None:
    text = yaml.safe_dump(SETTINGS.dump() | changes)
    labels = {f"{meta.GROUP}/settings": "true"}
    body = {"metadata": {"name": name, "labels": labels}, "data": {"settings.yaml": text}}
    answer = space.api.call("POST", f"/api/v1/namespaces/{space.name}/configmaps", body)
    assert answer.code == 201


def asked(space: Teamspace, kubeconfig: Path, **chosen: str) -> argparse.Namespace:
    wanted = {"root": None, "endpoint": None, "region": None, "context": None, "as_user": None} | chosen
    place = {"namespace": space.name, "operator_namespace": space.name, "kubeconfig": str(kubeconfig)}
    return argparse.Namespace(**place, **wanted)


def test_status_shows_the_tree_of_a_namespace(
    space: Teamspace, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space.add("DatasetPack", "train", pack_spec("train"))
    space.add("TrainingRun", "good", run_spec(1), LABELS)
    space.add("EvalGate", "gate", gate_spec())
    space.add("Deployment", "live", deployment_spec())
    arguments = ["status", "-n", space.name, "--kubeconfig", str(kubeconfig)]
    assert main([*arguments, "-o", "json"]) == 0
    (pack,) = json.loads(capsys.readouterr().out)
    assert pack["children"][0]["children"][0]["children"][0]["name"] == "live"
    assert main(arguments) == 0
    assert "Deployment/live" in capsys.readouterr().out


def test_storage_is_found_in_the_operators_settings_and_a_person_may_choose_otherwise(
    space: Teamspace, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    storage = {**SETTINGS.storage[0].dump(), "endpoint": "http://inside:7070"}
    add_settings(space, "settings", storage=[storage])
    found = store_settings(asked(space, kubeconfig))
    assert (found.root, found.endpoint) == (f"s3://sluice/{space.name}", "http://inside:7070")
    assert store_settings(asked(space, kubeconfig, endpoint="http://here")).endpoint == "http://here"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://environment")
    assert store_settings(asked(space, kubeconfig)).endpoint == "http://environment"


def test_missing_and_ambiguous_settings_say_what_to_give(
    space: Teamspace, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space.add("Deployment", "live", deployment_spec())
    arguments = ["model", "import", ".", "--name", "m", "-n", space.name, "--kubeconfig", str(kubeconfig)]
    arguments += ["--operator-namespace", space.name]
    assert main(arguments) == 1
    assert "0 ConfigMaps" in capsys.readouterr().err
    add_settings(space, "one")
    add_settings(space, "two")
    assert main(arguments) == 1
    assert "give --root" in capsys.readouterr().err


def test_a_server_that_is_gone_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "contexts": [context],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    assert main(["status", "--kubeconfig", str(tmp_path / "config")]) == 1
    assert "did not answer" in capsys.readouterr().err
    assert main(["status", "--kubeconfig", str(tmp_path / "absent")]) == 1
    assert "no kubeconfig at" in capsys.readouterr().err
