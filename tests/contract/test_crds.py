"""The generated files: up to date, small, and what kubectl says with them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sluice_api.crdgen import __main__ as command
from sluice_api.crdgen.crd import NEVER_SEEN
from sluice_api.crdgen.files import CHECKOUT, generated, outdated, write
from sluice_api.kinds import KINDS
from sluice_api.meta import GROUP, VERSION
from sluice_localcluster import ControlPlane, LocalClusterError
from support.kubeapi import KubeApi
from support.userobjects import SPECS, object_of, spec_of

RUN = object_of("TrainingRun")


def apply(plane: ControlPlane, obj: dict[str, Any], *arguments: str) -> str:
    return plane.kubectl("apply", *arguments, "-f", "-", input=json.dumps(obj))


def refusal(plane: ControlPlane, obj: dict[str, Any]) -> str:
    with pytest.raises(LocalClusterError) as refused:
        apply(plane, obj)
    return str(refused.value)


def test_generated_files_are_up_to_date() -> None:
    assert outdated() == [], "run python -m sluice_api.crdgen --write"


def test_check_finds_and_write_mends_what_is_out_of_date(tmp_path: Path) -> None:
    assert sorted(write(tmp_path)) == sorted(generated())
    assert outdated(tmp_path) == []
    (tmp_path / "crds/evalgates.yaml").write_text("old")
    (tmp_path / "docs/reference/reasons.md").unlink()
    assert sorted(write(tmp_path)) == ["crds/evalgates.yaml", "docs/reference/reasons.md"]


def test_the_command_fails_when_something_is_out_of_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "outdated", lambda: [])
    assert command.main(["--check"]) == 0
    monkeypatch.setattr(command, "outdated", lambda: ["crds/evalgates.yaml"])
    assert command.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "crds/evalgates.yaml" in said
    assert "--write" in said


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_crds_are_below_100_kib(kind: Any) -> None:
    assert (CHECKOUT / "crds" / f"{kind.plural}.yaml").stat().st_size < 100 * 1024


@pytest.mark.parametrize("kind", SPECS)
def test_editor_schemas_accept_examples_and_refuse_typos(kind: str) -> None:
    path = CHECKOUT / "crds" / "schema" / f"{kind.lower()}_{VERSION}.json"
    validator = jsonschema.Draft7Validator(json.loads(path.read_text()))
    assert list(validator.iter_errors(object_of(kind))) == []
    typo = object_of(kind, spec_of(kind, profil="x"))
    assert "profil" in next(validator.iter_errors(typo)).message


def test_a_name_is_refused_in_words(plane: ControlPlane) -> None:
    odd = object_of("DatasetPack")
    odd["metadata"]["name"] = "tickets.v2"
    said = refusal(plane, odd)
    assert "metadata.name must consist of lower-case letters, digits and '-'" in said


def test_kubectl_names_a_typo(plane: ControlPlane) -> None:
    said = refusal(plane, object_of("TrainingRun", spec_of("TrainingRun", rerunPolicyy="Always")))
    assert 'unknown field "spec.rerunPolicyy"' in said


@pytest.mark.parametrize(
    ("change", "field", "allowed"),
    [
        ({"rerunPolicy": "Never"}, "spec.rerunPolicy", 'supported values: "IfChanged", "Always"'),
        ({"adapter": {"rank": 0}}, "spec.adapter.rank", "greater than or equal to 1"),
        ({"adapter": {"rank": "16"}}, "spec.adapter.rank", "must be of type integer"),
        ({"retry": {"limit": 9}}, "spec.retry.limit", "less than or equal to 8"),
        (
            {"hyperparameters": {"learningRate": "NaN"}},
            "spec.hyperparameters.learningRate",
            "a decimal number",
        ),
        ({"datasetRef": {"name": "Tickets"}}, "spec.datasetRef.name", "must consist of lower-case letters"),
        ({"adapter": {"targetModules": ["q proj"]}}, "spec.adapter.targetModules[0]", "the name of a module"),
        ({"hyperparameters": {"learningRate": "2"}}, "spec.hyperparameters.learningRate", "at most 1"),
        ({"datasetRef": {"name": "a" * 41}}, "spec.datasetRef.name", "more than 40"),
        ({"datasetRef": None}, "spec.datasetRef", "Required value"),
    ],
)
def test_kubectl_names_the_field_and_what_is_allowed(
    plane: ControlPlane, change: dict[str, Any], field: str, allowed: str
) -> None:
    said = refusal(plane, object_of("TrainingRun", spec_of("TrainingRun", **change)))
    assert f"{field}: " in said
    assert allowed in said
    assert "should match" not in said
    assert "conversion error" not in said


def test_a_long_name_is_refused_at_admission(plane: ControlPlane) -> None:
    said = refusal(plane, object_of("TrainingRun", name="a" * 41))
    assert "metadata.name: Too long: may not be more than 40" in said
    assert apply(plane, object_of("TrainingRun", name="a" * 40), "--dry-run=server")


def test_get_tells_the_story_without_an_operator(plane: ControlPlane) -> None:
    apply(plane, object_of("TrainingRun", name="story"))
    shown = plane.kubectl("get", "trun", "story", "--output=wide").splitlines()
    plane.kubectl("delete", "trun", "story")
    told = "NAME READY PHASE PROGRESS% ATTEMPTS DURATION METRIC REASON DATASET BASE ARTIFACT AGE"
    assert shown[0].split() == told.split()
    assert shown[1].split()[:-1] == ["story", "Unknown", "Pending", "pack", "s3://bucket/team/models/small"]


def test_one_word_lists_all_kinds(plane: ControlPlane) -> None:
    found = plane.kubectl("api-resources", f"--api-group={GROUP}", "--categories=sluice", "--output=name")
    assert found.split() == sorted(f"{kind.plural}.{GROUP}" for kind in KINDS.values())
    assert "deployments.apps\n" not in found


@pytest.mark.parametrize("kind", SPECS)
def test_an_object_that_nobody_saw_is_not_ready(api: KubeApi, kind: str) -> None:
    made = api.create(kind, object_of(kind, name="unseen"), query="").body
    api.delete(kind, "unseen")
    assert made["status"] == {"conditions": [NEVER_SEEN]}
    assert (
        KINDS[kind].status.parse(made["status"]).conditions[0].observed_generation
        < made["metadata"]["generation"]
    )


def test_a_waiting_client_does_not_take_the_default_for_an_answer(plane: ControlPlane) -> None:
    apply(plane, object_of("EvalGate", name="waiting"))
    with pytest.raises(LocalClusterError, match="timed out"):
        plane.kubectl("wait", "--for=condition=Ready=Unknown", "eg/waiting", "--timeout=1s")
    plane.kubectl("delete", "eg", "waiting")


def test_a_written_status_replaces_the_default(plane: ControlPlane) -> None:
    apply(plane, object_of("EvalGate", name="seen"))
    ready = NEVER_SEEN | {"status": "True", "observedGeneration": 1, "reason": "Passed"}
    status = {"observedGeneration": 1, "conditions": [ready]}
    seen = {k: v for k, v in object_of("EvalGate", name="seen").items() if k != "spec"} | {"status": status}
    arguments = ("--server-side", "--subresource=status", "--field-manager=operator")
    apply(plane, seen, *arguments)
    now = json.loads(plane.kubectl("get", "eg", "seen", "--output=json"))["status"]
    assert now == status
    plane.kubectl("wait", "--for=condition=Ready", "eg/seen", "--timeout=5s")
    plane.kubectl("delete", "eg", "seen")


def test_kustomize_may_add_what_it_adds_to_deployments(api: KubeApi) -> None:
    spec = spec_of("Deployment") | {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}, "annotations": {"note": "y"}}},
    }
    assert api.create("Deployment", object_of("Deployment", spec)).accepted
    KINDS["Deployment"].spec.parse(spec)


def test_explain_shows_the_models_words(plane: ControlPlane) -> None:
    assert "Rank of the update." in plane.kubectl("explain", "trun.spec.adapter.rank")
