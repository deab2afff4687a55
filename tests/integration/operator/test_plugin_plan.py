"""`kubectl sluice plan` and `explain` against a real API server: what they say is what the operator does."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice_api import meta
from sluice_localcluster import ControlPlane
from sluice_plugin.__main__ import main
from sluice_plugin.completion import helper
from support.audit import changes
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver, stamp
from support.quickstart import LABELS, SETTINGS, Stages, deployment_spec, run_spec
from support.teamspace import Teamspace


def manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "labels": LABELS}
    return {"apiVersion": meta.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def write(folder: Path, *documents: dict[str, Any]) -> str:
    file = folder / "change.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    return str(file)


def jobs_of(space: Teamspace, run: str) -> list[str]:
    owned = [j for j in space.list("Job") if j["metadata"]["labels"]["sluice.dev/owner"] == run]
    return sorted(j["metadata"]["labels"]["sluice.dev/stage"] for j in owned)


def planner(plane: ControlPlane, space: Teamspace) -> str:
    """An administrator of its own: nobody else's writes are taken for the plan's."""
    name = f"planner-{space.name}"
    plane.kubectl("create", "serviceaccount", name, "-n", space.name)
    rights = f"--serviceaccount={space.name}:{name}"
    plane.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", rights)
    return name


def written_by(plane: ControlPlane, space: Teamspace, name: str, person: Path) -> list[str]:
    """What a planner changed until now: its last write, made here, says that the log is complete."""
    user = f"system:serviceaccount:{space.name}:{name}"
    plane.kubectl("create", "configmap", "last", "-n", space.name, f"--kubeconfig={person}")
    space.wait("the last write", lambda: "last" in [c.name for c in changes(plane.audit_log, user)])
    return [c.name for c in changes(plane.audit_log, user)]


def test_what_is_planned_is_what_happens_and_planning_writes_nothing(
    plane: ControlPlane,
    space: Teamspace,
    make_operator: MakeOperator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = planner(plane, space)
    person = plane.kubeconfig_for(account, plane.service_account_token(space.name, account))
    place = ["-n", space.name, "--kubeconfig", str(person)]
    storage = SETTINGS.storage[0].dump() | {"readPrefixes": ["s3://sluice/team/"]}
    settings = SETTINGS.dump() | {"storage": [storage]}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings))
    file = write(tmp_path, manifest("TrainingRun", "newer", run_spec(2)))
    ask = ["plan", "-f", file, "--settings", str(tmp_path / "settings.yaml"), *place]
    apply_quickstart(space)
    operator = make_operator(storage=[storage])
    with operator, PodDriver(space, Stages(clock=stamp)):
        assert main(["explain", "live", *place]) == 0
        assert "Next:" in capsys.readouterr().out
        space.wait_condition("Deployment", "live", "Ready", seconds=120)

        assert main([*ask, "-o", "json"]) == 0
        planned = {o["name"]: o for o in json.loads(capsys.readouterr().out)["objects"]}
        assert main(ask) == 0
        told = capsys.readouterr().out
        assert "it comes from run newer" in told
        assert told.endswith("Nothing was written.\n")
        assert written_by(plane, space, account, person) == ["last"]
        assert space.find("TrainingRun", "newer") is None

        space.add("TrainingRun", "newer", run_spec(2), LABELS)
        space.wait(
            "the newer run goes live",
            lambda: space.get("Deployment", "live")["status"]["active"]["runRef"]["name"] == "newer",
            120,
        )
        foretold = [s["details"]["stage"] for s in planned["newer"]["steps"] if s["action"] == "job"]
        assert sorted(foretold) == jobs_of(space, "newer")
        space.wait_condition("Deployment", "live", "Progressing", "False")
        space.wait_condition("Deployment", "live", "Ready")
        assert main(["explain", "live", *place]) == 0
        assert "Next: Nothing to do." in capsys.readouterr().out

    changed = run_spec(2) | {"hyperparameters": {"seed": 3}}
    write(tmp_path, manifest("TrainingRun", "newer", changed))
    assert main(ask) == 1
    assert "spec.hyperparameters: cannot change after creation" in capsys.readouterr().out
    held = write(tmp_path, manifest("Deployment", "live", deployment_spec(profile="absent")))
    assert main(["plan", "-f", held, *place, "--operator-namespace", space.name]) == 1
    told = capsys.readouterr().out
    assert "ProfileNotFound" in told
    assert "the operator's settings could not be read" in told
    assert helper.main(["explain", *place, "mdep/"]) == 0
    assert capsys.readouterr().out == "mdep/live\n:4\n"
