"""A tenant reaches neither the prefix nor a Secret of another, by any locator, profile or reference."""

from collections.abc import Callable, Iterator

import pytest

from sluice_api import meta
from sluice_operator.kinds import WATCHED
from sluice_operator.model import ResourceKind
from support.asked import GATEKEEPER
from support.kubeapi import Answer, KubeApi
from support.operator_process import OperatorProcess
from support.pod_driver import PodDriver, stamp
from support.quickstart import Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import Raw, Teamspace

STRICT = "?fieldValidation=Strict"


@pytest.fixture(scope="module")
def tenants(
    api: KubeApi,
    operator: OperatorProcess,
    new_space: Callable[[], Teamspace],
    as_user: Callable[..., Teamspace],
) -> Iterator[tuple[Teamspace, Teamspace]]:
    """Two namespaces; the first as its editor sees it. The second holds everything that one could want."""
    mine, theirs = new_space(), Teamspace.make(api)
    for name in ("sluice-s3", "team-secret"):
        body = {"metadata": {"name": name}, "stringData": {"AWS_ACCESS_KEY_ID": theirs.name}}
        assert theirs.api.call("POST", f"/api/v1/namespaces/{theirs.name}/secrets", body).code == 201
    theirs.add("DatasetPack", "theirs", pack_spec("theirs"))
    with PodDriver(mine, Stages(clock=stamp)), PodDriver(theirs, Stages(clock=stamp)):
        mine.add("DatasetPack", "train", pack_spec("train"))
        for space, name in ((mine, "train"), (theirs, "theirs")):
            space.wait_condition("DatasetPack", name, "Ready", seconds=90)
        yield as_user(mine, GATEKEEPER), theirs


def pack(locator: str) -> Raw:
    source = {"name": "rows", "locator": locator, "mapper": "ChatMessages", "format": "JSONL"}
    return {"sources": [source]}


def create(space: Teamspace, kind: ResourceKind, name: str, spec: Raw) -> Answer:
    body = {"apiVersion": meta.API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return space.api.call("POST", WATCHED[kind].path(space.name) + STRICT, body)


def refused(space: Teamspace, kind: ResourceKind, name: str, reason: str) -> None:
    """It stalls or waits with that reason, and no Pod was made for it."""

    def told() -> bool:
        return bool(space.condition(kind, name, "Ready").get("reason") == reason)

    space.wait(f"{kind} {name} {reason}", told)
    assert jobs_of(space, kind, name) == []


def jobs_of(space: Teamspace, kind: ResourceKind, name: str) -> list[str]:
    owner = {meta.LABEL_OWNER_KIND: kind, meta.LABEL_OWNER: name}
    found = (j["metadata"] for j in space.list("Job"))
    return [m["name"] for m in found if owner.items() <= m["labels"].items()]


OUTSIDE = [
    "s3://sluice/{theirs}/rows.jsonl",
    "s3://sluice/{mine}/../{theirs}/rows.jsonl",
    "s3://sluice/team/../{theirs}/rows.jsonl",
    "s3://sluice/{mine}0/rows.jsonl",
    "s3://sluice/teams/rows.jsonl",
    "s3://sluice/rows.jsonl",
    "s3://other/{mine}/rows.jsonl",
]
MALFORMED = [
    "S3://sluice/{theirs}/rows.jsonl",
    "s3:///{theirs}/rows.jsonl",
    "file:///{theirs}/rows.jsonl",
    "/var/run/secrets/token",
    "http://store.internal/{theirs}/rows.jsonl",
    "https://store.internal/{theirs}/rows.jsonl",
    "configmap:{theirs}/rows/rows.jsonl",
    "configmap:../rows.jsonl",
    "secret:team-secret/AWS_ACCESS_KEY_ID",
]


def test_rows_come_from_the_own_prefix_or_a_shared_one(tenants: tuple[Teamspace, Teamspace]) -> None:
    mine, theirs = tenants
    names = {"mine": mine.name, "theirs": theirs.name}
    for number, locator in enumerate(OUTSIDE):
        assert create(mine, "DatasetPack", f"out-{number}", pack(locator.format(**names))).code == 201
    for locator in MALFORMED:
        answer = create(mine, "DatasetPack", "malformed", pack(locator.format(**names)))
        assert answer.code == 422, locator
    for number in range(len(OUTSIDE)):
        refused(mine, "DatasetPack", f"out-{number}", "LocatorNotAllowed")
    assert create(mine, "DatasetPack", "own", pack(f"s3://sluice/{mine.name}/rows.jsonl")).code == 201
    mine.wait("the Job of a pack that is allowed", lambda: bool(jobs_of(mine, "DatasetPack", "own")))


def test_a_base_model_comes_from_the_own_prefix_or_a_shared_one(tenants: tuple[Teamspace, Teamspace]) -> None:
    mine, theirs = tenants
    names = {"mine": mine.name, "theirs": theirs.name}
    for number, locator in enumerate(OUTSIDE):
        uri = locator.format(**names).removesuffix(".jsonl")
        spec = run_spec(1) | {"baseModel": {"s3": {"uri": uri}}}
        assert create(mine, "TrainingRun", f"base-{number}", spec).code == 201
    for number in range(len(OUTSIDE)):
        refused(mine, "TrainingRun", f"base-{number}", "LocatorNotAllowed")


def test_a_profile_of_others_is_not_used(tenants: tuple[Teamspace, Teamspace]) -> None:
    mine, _ = tenants
    private = {"profile": "private"}
    mine.add("DatasetPack", "private", pack("s3://sluice/team/rows.jsonl") | private)
    mine.add("TrainingRun", "private", run_spec(1) | private)
    mine.add("EvalGate", "private", gate_spec() | private)
    mine.add("Deployment", "private", deployment_spec() | private)
    for kind in ("DatasetPack", "TrainingRun", "EvalGate", "Deployment"):
        refused(mine, kind, "private", "ProfileNotAllowed")  # type: ignore[arg-type]
    mine.add("Deployment", "serving", deployment_spec(serving=private))
    refused(mine, "Deployment", "serving", "ProfileNotAllowed")


def test_a_reference_stays_in_its_namespace(tenants: tuple[Teamspace, Teamspace]) -> None:
    mine, theirs = tenants
    there = {"name": "theirs", "namespace": theirs.name}
    assert create(mine, "TrainingRun", "far", run_spec(1) | {"datasetRef": there}).code == 400
    for name in (f"{theirs.name}/theirs", f"../{theirs.name}/theirs", f"theirs.{theirs.name}"):
        assert create(mine, "TrainingRun", "far", run_spec(1) | {"datasetRef": {"name": name}}).code == 422
    # Without strict validation the field is dropped; what is left names nothing here.
    mine.add("TrainingRun", "far", run_spec(1) | {"datasetRef": there})
    mine.add("EvalGate", "far", gate_spec(suites=[{"name": "gold", "datasetRef": there}]))
    mine.add("Deployment", "far", {"gateRef": there})
    refused(mine, "TrainingRun", "far", "ReferenceNotFound")
    refused(mine, "EvalGate", "far", "ReferenceNotFound")
    assert mine.find("Service", "far") is None


@pytest.mark.parametrize(
    "more",
    [
        {"secretName": "team-secret"},
        {"serviceAccountName": "default"},
        {"storage": {"secretName": "team-secret"}},
        {"trainer": {"image": "mine"}},
        {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "team-secret", "key": "a"}}}]},
        {"template": {"spec": {"hostPID": True}}},
    ],
    ids=lambda m: next(iter(m)),
)
def test_no_field_names_a_secret_an_account_or_an_image(
    tenants: tuple[Teamspace, Teamspace], more: Raw
) -> None:
    mine, _ = tenants
    specs: dict[ResourceKind, Raw] = {
        "DatasetPack": pack("s3://sluice/team/rows.jsonl"),
        "TrainingRun": run_spec(1),
        "EvalGate": gate_spec(),
        "Deployment": deployment_spec(),
    }
    for kind, spec in specs.items():
        answer = create(mine, kind, "free", spec | more)
        assert answer.code == 400, (kind, answer)
        assert "unknown field" in answer.message


def test_engine_arguments_come_from_the_profiles_list(tenants: tuple[Teamspace, Teamspace]) -> None:
    mine, _ = tenants
    wanted = {"arguments": [{"name": "enable-lora"}, {"name": "download-dir", "value": "/x"}]}
    mine.add("Deployment", "free", deployment_spec(serving=wanted))
    refused(mine, "Deployment", "free", "ArgumentNotAllowed")


def test_pods_hold_the_secret_of_the_profile_in_their_own_namespace_and_no_token(
    tenants: tuple[Teamspace, Teamspace],
) -> None:
    mine, theirs = tenants
    assert create(mine, "DatasetPack", "seen", pack("s3://sluice/team/rows.jsonl")).code == 201
    mine.wait("its Job", lambda: bool(jobs_of(mine, "DatasetPack", "seen")))
    for job in mine.list("Job"):
        spec = job["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        sources = [e["valueFrom"] for c in spec["containers"] for e in c["env"] if "valueFrom" in e]
        assert {s["secretKeyRef"]["name"] for s in sources if "secretKeyRef" in s} == {"sluice-s3"}
        assert theirs.name not in str(job)
    secret = f"/api/v1/namespaces/{theirs.name}/secrets/team-secret"
    assert mine.api.call("GET", secret).code == 403
