"""The package stage: merge, bundle, checks, load-back, reports."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from sluice_api import reasons
from sluice_api.chat import TemplateArgument
from sluice_api.common import UriDigest
from sluice_api.errors import InputWrong, StageBug, StageError
from sluice_store import markers
from sluice_store.files import Damaged, upload_folder, verify_folder
from sluice_trainer.chat.arguments import with_arguments
from sluice_trainer.chat.tokenizer import load_tokenizer
from sluice_trainer.context import Output
from sluice_trainer.export.bundle import write_bundle
from sluice_trainer.export.checks import failed_checks
from sluice_trainer.export.loadback import load_back
from sluice_trainer.stages import package, train
from sluice_trainer.training.weights import WeightsDetails
from support.training import FINGERPRINT, Bench, make_bench

FULL = {"type": "None"}
IDS = torch.arange(5, 45)[None]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def adapter(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> UriDigest:
    return trained(bench, tmp_path_factory.mktemp("adapter"))


def trained(bench: Bench, work: Path, **changed: object) -> UriDigest:
    request = bench.train_request(6, **changed)
    return train.run(request, bench.context(request, work)).result.weights


def packaged(
    bench: Bench, weights: UriDigest, work: Path, attempt: str = "attempt-1", **changed: object
) -> Output:
    request = bench.package_request(weights, **changed)
    return package.run(request, bench.context(request, work, attempt))


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(IDS).logits


def bundle_of(bench: Bench, output: Output) -> Path:
    return bench.root / output.result.artifact.uri


def changed_adapter(
    bench: Bench, adapter: UriDigest, tmp_path: Path, change: object, **details: object
) -> UriDigest:
    """The adapter again, with other tensors or details."""
    tensors = load_file(bench.root / adapter.uri / "adapter_model.safetensors")
    local = tmp_path / "changed"
    local.mkdir()
    save_file(change(tensors), local / "adapter_model.safetensors")
    config = bench.root / adapter.uri / "adapter_config.json"
    (local / "adapter_config.json").write_bytes(config.read_bytes())
    whole = {"kind": "Adapter", "base": bench.base.digest, "fingerprint": FINGERPRINT, "steps": 6, **details}
    manifest = upload_folder(
        bench.store, local, f"other/{tmp_path.name}", {k: v for k, v in whole.items() if v}
    )
    return UriDigest(uri=f"other/{tmp_path.name}", digest=manifest.digest)


def test_X01_merged_logits_equal_those_of_base_and_adapter(
    bench: Bench, adapter: UriDigest, tmp_path: Path
) -> None:
    from peft import PeftModel

    output = packaged(bench, adapter, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(bench.root / bench.base.uri)
    plain = logits(base)
    with_adapter = logits(PeftModel.from_pretrained(base, bench.root / adapter.uri))
    merged = logits(AutoModelForCausalLM.from_pretrained(bundle_of(bench, output)))

    torch.testing.assert_close(merged, with_adapter, rtol=1e-4, atol=1e-4)
    assert (merged - plain).abs().max() > 1e-2, (
        "the adapter says nothing, so the test would not notice its loss"
    )
    names = {f.path for f in output.manifest.files}
    assert names == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_X01_all_weights_are_bundled_as_trained_in_the_number_type_of_the_base(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, dtype="bfloat16")
    weights = trained(bench, tmp_path / "t", adapter=FULL)
    output = packaged(bench, weights, tmp_path / "p", adapter=FULL)

    learnt = load_file(bench.root / weights.uri / "model.safetensors")
    served = load_file(bundle_of(bench, output) / "model.safetensors")
    assert {t.dtype for t in learnt.values()} == {torch.float32}
    assert served.keys() == learnt.keys()
    assert all(torch.equal(served[name], learnt[name].bfloat16()) for name in learnt)
    assert output.result.artifact.dtype == "bfloat16"
    assert json.loads((bundle_of(bench, output) / "config.json").read_text())["dtype"] == "bfloat16"


def test_X01_large_models_are_written_in_parts_that_load_as_one(
    bench: Bench, adapter: UriDigest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sluice_trainer.export import bundle

    details = WeightsDetails(kind="Adapter", base=bench.base.digest, fingerprint=FINGERPRINT, steps=6)
    folders = bench.root / bench.base.uri, bench.root / adapter.uri
    write_bundle(*folders, details, tmp_path / "one")
    monkeypatch.setattr(bundle, "SHARD_BYTES", 60_000)
    write_bundle(*folders, details, tmp_path / "many")

    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 2
    one, many = (AutoModelForCausalLM.from_pretrained(tmp_path / name) for name in ("one", "many"))
    assert torch.equal(logits(one), logits(many))


def test_X01_same_weights_give_the_same_artifact_whoever_packages_them_and_when(
    bench: Bench, adapter: UriDigest, tmp_path: Path
) -> None:
    first = packaged(bench, adapter, tmp_path / "1")
    request = bench.package_request(adapter)
    ctx = bench.context(request, tmp_path / "2", "attempt-2")
    ctx.clock.sleep(3600)
    second = package.run(request, ctx)

    assert first.result.artifact.digest == second.result.artifact.digest
    assert first.result.artifact.uri != second.result.artifact.uri
    assert first.result.artifact.completed_at != second.result.artifact.completed_at
    assert second.named == ("artifacts", FINGERPRINT)


def test_X02_base_model_mismatch(bench: Bench, adapter: UriDigest, tmp_path: Path) -> None:
    weights = changed_adapter(bench, adapter, tmp_path, lambda t: t, base="sha256:" + "0" * 64)
    refused(bench, weights, tmp_path, reasons.BASE_MODEL_MISMATCH)


@pytest.mark.parametrize("missing", ["base", "kind"])
def test_X02_base_not_recorded(bench: Bench, adapter: UriDigest, tmp_path: Path, missing: str) -> None:
    weights = changed_adapter(bench, adapter, tmp_path, lambda t: t, **{missing: None})
    refused(bench, weights, tmp_path, reasons.BASE_NOT_RECORDED)


@pytest.mark.parametrize("place", ["", "below", ".."])
def test_X02_output_path_overlaps_inputs(
    bench: Bench, adapter: UriDigest, tmp_path: Path, place: str
) -> None:
    details = WeightsDetails(kind="Adapter", base=bench.base.digest, fingerprint=FINGERPRINT, steps=6)
    weights = bench.root / adapter.uri
    before = sorted(weights.rglob("*"))
    with pytest.raises(InputWrong) as refusal:
        write_bundle(bench.root / bench.base.uri, weights, details, weights / place)
    assert refusal.value.reason is reasons.OUTPUT_OVERLAPS_INPUTS
    assert sorted(weights.rglob("*")) == before


BROKEN_ADAPTERS = {
    "half a pair": lambda t: {k: v for k, v in t.items() if "layers.0.mlp.up_proj.lora_B" not in k},
    "not finite": lambda t: {k: v * float("nan") for k, v in t.items()},
    "wrong shape": lambda t: {k: v[:, :-1].contiguous() if "lora_A" in k else v for k, v in t.items()},
    "unknown layer": lambda t: {k.replace("layers.1", "layers.7"): v for k, v in t.items()},
}


@pytest.mark.parametrize("change", BROKEN_ADAPTERS.values(), ids=BROKEN_ADAPTERS.keys())
def test_X02_adapter_not_validated(bench: Bench, adapter: UriDigest, tmp_path: Path, change: object) -> None:
    refused(bench, changed_adapter(bench, adapter, tmp_path, change), tmp_path, reasons.ADAPTER_NOT_VALIDATED)


def refused(bench: Bench, weights: UriDigest, work: Path, reason: reasons.Reason) -> None:
    with pytest.raises(InputWrong) as refusal:
        packaged(bench, weights, work / "work", "refused")
    assert refusal.value.reason is reason


def test_X03_one_flipped_byte_is_found(bench: Bench, adapter: UriDigest, tmp_path: Path) -> None:
    output = packaged(bench, adapter, tmp_path, "flipped")
    verify_folder(bench.store, output.result.artifact.uri, output.manifest.digest)
    path = bundle_of(bench, output) / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match=r"model\.safetensors"):
        verify_folder(bench.store, output.result.artifact.uri, output.manifest.digest)


def test_X03_reports_stand_beside_the_bundle_and_outside_its_manifest(
    bench: Bench, adapter: UriDigest, tmp_path: Path
) -> None:
    output = packaged(bench, adapter, tmp_path, "reports")
    folder = bundle_of(bench, output)
    beside = {p.name for p in folder.iterdir()} - {f.path for f in output.manifest.files}
    assert beside == {"README.md", "load_back.json", "training.json", "manifest.json"}
    assert len(json.loads((folder / "load_back.json").read_text())) == 5
    card = (folder / "README.md").read_text()
    for fact in (
        output.manifest.digest,
        bench.base.digest,
        FINGERPRINT,
        "LoRA of rank 4",
        "| Licence | not stated |",
    ):
        assert fact in card


def test_X03_missing_report_fails_the_bundle(bench: Bench, adapter: UriDigest, tmp_path: Path) -> None:
    without_numbers = changed_adapter(bench, adapter, tmp_path, lambda t: t)
    with pytest.raises(InputWrong, match="numbers_present") as refusal:
        packaged(bench, without_numbers, tmp_path / "work", "refused")
    assert refusal.value.reason is reasons.BUNDLE_INCOMPLETE


CHECK_OF_FILE = {
    "chat_template.jinja": {"chat_template_present"},
    "config.json": {"config_present"},
    "generation_config.json": {"generation_config_present"},
    "model.safetensors": {"weights_present", "weights_not_empty"},
    "tokenizer.json": {"tokenizer_present"},
    "tokenizer_config.json": {"tokenizer_config_present"},
}


def copy_of(bench: Bench, output: Output, to: Path) -> Path:
    to.mkdir()
    for entry in output.manifest.files:
        (to / entry.path).write_bytes((bundle_of(bench, output) / entry.path).read_bytes())
    return to


def test_X04_each_file_has_its_check(bench: Bench, adapter: UriDigest, tmp_path: Path) -> None:
    output = packaged(bench, adapter, tmp_path / "p", "checked")
    folder = copy_of(bench, output, tmp_path / "copy")
    assert failed_checks(folder) == ()
    assert CHECK_OF_FILE.keys() == {f.path for f in output.manifest.files}
    for name, checks in CHECK_OF_FILE.items():
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        assert set(failed_checks(folder)) == checks, name
        (folder / name).write_bytes(data)


def test_X04_empty_weights_fail(bench: Bench, adapter: UriDigest, tmp_path: Path) -> None:
    folder = copy_of(bench, packaged(bench, adapter, tmp_path / "p", "emptied"), tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"")
    assert failed_checks(folder) == ("weights_not_empty",)
    save_file({}, folder / "model.safetensors")
    assert failed_checks(folder) == ("weights_not_empty",)


def without_a_layer(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k: v for k, v in tensors.items() if "layers.1.mlp" not in k}


def not_finite(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k: v * float("inf") for k, v in tensors.items()}


@pytest.mark.parametrize("damage", [without_a_layer, not_finite])
def test_X05_bundle_that_does_not_work_is_found(
    bench: Bench, adapter: UriDigest, tmp_path: Path, damage: object
) -> None:
    folder = copy_of(bench, packaged(bench, adapter, tmp_path / "p", "broken"), tmp_path / "copy")
    save_file(damage(load_file(folder / "model.safetensors")), folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(StageBug) as failure:
        load_back(folder)
    assert failure.value.reason is reasons.LOAD_BACK_FAILED


def test_X20_adapter_stays_as_it_was_whether_packaging_succeeds_or_fails(
    bench: Bench, adapter: UriDigest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content() -> dict[str, bytes]:
        return {k: bench.store.read(k) for k in bench.store.list(adapter.uri)}

    before = content()
    packaged(bench, adapter, tmp_path / "good", "good")
    monkeypatch.setattr(package, "load_back", lambda folder: refuse())
    with pytest.raises(StageError):
        packaged(bench, adapter, tmp_path / "bad", "bad")
    assert content() == before
    assert before


def refuse() -> None:
    raise StageBug(reasons.LOAD_BACK_FAILED, "as the test wants it")


def test_X03_artifact_is_found_by_its_fingerprint_with_all_that_adoption_needs(
    bench: Bench, adapter: UriDigest
) -> None:
    from support.stagerun import run_stage

    result = run_stage("package", bench.package_request(adapter).dump(), bench.root)
    found = markers.find(bench.store, f"artifacts/{FINGERPRINT}")
    assert found is not None
    marker = found.marker
    assert marker.report["result"] == result.dump()
    assert result.artifact.completed_at
    assert (result.artifact.context_length, result.artifact.dtype) == (512, "float32")


def test_arguments_of_the_template_become_part_of_the_bundle(
    bench: Bench, adapter: UriDigest, tmp_path: Path
) -> None:
    plain = packaged(bench, adapter, tmp_path / "plain", "attempt-plain")
    argument = {"name": "enable_thinking", "value": "false"}
    given = packaged(bench, adapter, tmp_path / "given", "attempt-given", templateArguments=[argument])
    assert given.result.artifact.digest != plain.result.artifact.digest
    template = load_tokenizer(bundle_of(bench, plain)).template
    baked = (bundle_of(bench, given) / "chat_template.jinja").read_text()
    assert baked == with_arguments(template, [TemplateArgument.parse(argument)])
    assert baked.endswith(template)
    assert "set enable_thinking = false" in baked
