"""Settings: who may use a profile, what is refused, and what is said about a chart of another version."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sluice_operator import __main__ as main_module
from sluice_operator.children.pods import placement
from sluice_operator.settings import ComputeProfile, ServingProfile, Settings
from support.quickstart import SETTINGS


def profile(name: str = "default", **more: Any) -> dict[str, Any]:
    return {"name": name, "allowedNamespaces": ["*"], **more}


@pytest.mark.parametrize(
    ("patterns", "allowed", "refused"),
    [
        (["*"], ["a", "team-a"], []),
        (["team-*"], ["team-a", "team-"], ["team", "a-team-b", "x"]),
        (["team-?"], ["team-a"], ["team-ab", "team-"]),
        (["a", "*-prod"], ["a", "x-prod"], ["aa", "prod"]),
        ([], [], ["a"]),
    ],
)
def test_a_namespace_is_allowed_by_name_or_pattern(
    patterns: list[str], allowed: list[str], refused: list[str]
) -> None:
    found = ComputeProfile.parse({"name": "p", "allowedNamespaces": patterns})
    assert all(found.allows(name) for name in allowed)
    assert not any(found.allows(name) for name in refused)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"compute": [profile(), profile()]}, "compute: more than one profile is called default"),
        ({"compute": [profile(allowedNamespaces=["Team_A"])]}, "allowedNamespaces"),
        (
            {"compute": [profile(resources={"requests": {"memory": "4Gi"}, "limits": {"memory": "2G"}})]},
            "requests.memory is 4Gi, which is more than limits.memory: 2G",
        ),
        (
            {"compute": [profile(resources={"requests": {"cpu": "1"}, "limits": {"cpu": "500m"}})]},
            "requests.cpu is 1, which is more than limits.cpu: 500m",
        ),
        (
            {"storage": [profile(prefix="s3://b-1/{namespace}/", secretName="a", serviceAccountName="b")]},
            "give secretName or serviceAccountName, not both",
        ),
        (
            {
                "storage": [
                    profile(
                        prefix="s3://b-1/{namespace}/",
                        ledgerSecretName="a",
                        ledgerServiceAccountName="b",
                    )
                ]
            },
            "give ledgerSecretName or ledgerServiceAccountName, not both",
        ),
        ({"leaseRenewSeconds": 15}, "found 2, 15 and 15"),
        ({"leaseRetrySeconds": 10}, "found 10, 10 and 15"),
        ({"leaseName": "Not A Name"}, "leaseName"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.parse(SETTINGS.dump() | changes)


@pytest.mark.parametrize("kind", [ComputeProfile, ServingProfile])
def test_pods_of_a_profile_pull_with_its_secrets(kind: type[ComputeProfile] | type[ServingProfile]) -> None:
    image = {"image": "i"} if kind is ServingProfile else {}
    assert "imagePullSecrets" not in placement(kind.parse(profile(**image)))
    found = kind.parse(profile(imagePullSecrets=["pull", "other"], **image))
    assert placement(found)["imagePullSecrets"] == [{"name": "pull"}, {"name": "other"}]


@pytest.mark.parametrize(("chart", "is_said"), [("9.9.9", True), ("1.0.0", False), (None, False)])
def test_a_chart_of_another_version_is_noticed(
    chart: str | None,
    is_said: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(main_module, "_version", lambda: "1.0.0")
    monkeypatch.setattr(asyncio, "run", lambda work: work.close())
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(SETTINGS.dump() | ({"chartVersion": chart} if chart else {})))
    assert main_module.main(["--settings", str(file)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    said = [line for line in lines if "made for another version" in line["message"]]
    assert bool(said) == is_said
    assert all("--reset-then-reuse-values" in line["nextStep"] for line in said)


def test_an_error_names_the_field_and_not_its_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        yaml.safe_dump(SETTINGS.dump() | {"compute": [profile(env={"HF_TOKEN": ["hidden-value"]})]})
    )
    assert main_module.main(["--settings", str(file)]) == main_module.EXIT_SETTINGS
    said = capsys.readouterr().err
    assert "compute.0.env.HF_TOKEN" in said
    assert "hidden-value" not in said
