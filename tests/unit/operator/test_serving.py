"""Slots as manifests: vLLM's arguments follow from the artifact and the spec; nothing else can be set."""

from datetime import UTC, datetime

import pytest

from sluice_api.contracts.envelope import MODEL_FOLDER, WORK_FOLDER
from sluice_api.contracts.reports import ArtifactResult
from sluice_api.deployment import DeploymentSpec
from sluice_api.hashing import digest_of
from sluice_operator.children import serving
from sluice_operator.model import Meta, Resource
from sluice_operator.settings import ServingProfile
from support.quickstart import SETTINGS, deployment_spec, quickstart

META = Meta("triage", "team", "uid-1", "1", datetime(2026, 1, 1, tzinfo=UTC))
RESOURCE = Resource("Deployment", META, {}, {})
ARTIFACT = ArtifactResult(
    uri="package/x/y",
    digest=digest_of("artifact"),
    size_bytes=10,
    context_length=2048,
    dtype="bfloat16",
    parameters=10,
    completed_at="2026-01-01T00:00:00Z",
)
PROFILE = ServingProfile.parse(
    {
        "name": "default",
        "allowedNamespaces": ["*"],
        "image": "vllm@sha256:1",
        "arguments": ["--enforce-eager"],
        "allowedArguments": ["max-num-seqs"],
    }
)


def arguments(**serving_spec: object) -> list[str]:
    spec = DeploymentSpec.parse(deployment_spec(serving=serving_spec))
    return serving.engine_arguments(RESOURCE, spec, ARTIFACT, PROFILE)


def test_X08_arguments_follow_from_the_artifact() -> None:
    """Length and precision are the artifact's; clients ask by the Deployment's name or by the digest."""
    found = arguments()
    assert found[0] == "/model"
    assert "--max-model-len=2048" in found
    assert "--dtype=bfloat16" in found
    at = found.index("--served-model-name")
    assert found[at + 1 : at + 3] == ["triage", ARTIFACT.digest]
    assert "--enforce-eager" in found


@pytest.mark.parametrize(("asked", "given"), [(512, 512), (4096, 2048)])
def test_X08_a_spec_can_shorten_the_context_and_never_stretch_it(asked: int, given: int) -> None:
    assert f"--max-model-len={given}" in arguments(maxModelLength=asked)


def test_X08_arguments_of_the_spec_come_from_the_allow_list() -> None:
    assert "--max-num-seqs=4" in arguments(arguments=[{"name": "max-num-seqs", "value": "4"}])
    cluster = quickstart()
    wrong = [{"name": "enable-lora"}]
    cluster.add("Deployment", "live", deployment_spec(serving={"arguments": wrong}))
    cluster.settle()
    status = cluster.objects["Deployment", "live"]["status"]
    stalled = next(c for c in status["conditions"] if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "ArgumentNotAllowed")


def test_X08_answers_are_decoded_as_they_were_judged() -> None:
    """Greedily, and without the penalties that an artifact's own file may ask for."""
    found = arguments()
    assert "--generation-config=vllm" in found
    assert "--override-generation-config.temperature=0" in found


def test_X08_an_allowed_argument_decides_about_decoding_instead() -> None:
    found = arguments(arguments=[{"name": "generation-config", "value": "auto"}])
    assert [a for a in found if "generation-config" in a] == ["--generation-config=auto"]


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ((), 2048),
        (("--max-model-len=512",), 512),
        (("--max-model-len", "1k", "--seed=1"), 1000),
        (("--max_model_len=2K",), 2048),
        (("--max-model-len=25.6k",), 25_600),
        (("--max-model-len=auto",), None),
        (("--max-model-len=-1",), None),
        (("--max-model-len=64", "--max-model-len=128"), 128),
    ],
)
def test_the_length_that_a_slot_serves_is_what_the_engine_reads_last(
    given: tuple[str, ...], length: int | None
) -> None:
    profile = PROFILE.model_copy(update={"arguments": given})
    spec = DeploymentSpec.parse(deployment_spec())
    template = serving.pod_template(RESOURCE, spec, ARTIFACT, profile, SETTINGS.storage[0], SETTINGS)
    assert serving.served_length(template) == length
    assert serving.served_length({}) is None


def test_X08_merged_models_are_served_without_adapters() -> None:
    """Weights are merged, so the engine needs no adapter switch and nobody can load one at run time."""
    assert not [a for a in arguments() if "lora" in a]


def test_slots_hold_no_token_and_run_restricted() -> None:
    spec = DeploymentSpec.parse(deployment_spec())
    storage = SETTINGS.storage[0]
    pod = serving.pod_template(RESOURCE, spec, ARTIFACT, PROFILE, storage, SETTINGS)["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    engine = pod["containers"][0]
    assert not [e for e in engine["env"] if e["name"].startswith("AWS_")]


def test_every_container_of_a_slot_can_write_where_it_works() -> None:
    spec = DeploymentSpec.parse(deployment_spec())
    pod = serving.pod_template(RESOURCE, spec, ARTIFACT, PROFILE, SETTINGS.storage[0], SETTINGS)["spec"]
    (fetch,), (engine,) = pod["initContainers"], pod["containers"]
    for container, folder in ((fetch, WORK_FOLDER), (fetch, MODEL_FOLDER), (engine, serving.SCRATCH)):
        mount = next(m for m in container["volumeMounts"] if m["mountPath"] == folder)
        assert not mount.get("readOnly")
    for container in (fetch, engine):
        home = next(e["value"] for e in container["env"] if e["name"] == "HOME")
        assert home in {m["mountPath"] for m in container["volumeMounts"]}
