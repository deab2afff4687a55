"""prepare, from a pack and an imported model to shards, an adopted artifact, or a refusal."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import Report
from sluice_api.contracts.manifests import DamageNote, FileManifest, Marker
from sluice_api.contracts.reports import ArtifactResult, PackageResult, PackResult, PrepareResult
from sluice_api.errors import InputWrong, StageError
from sluice_api.hashing import digest_of_bytes
from sluice_store.files import upload_folder
from sluice_store.local import LocalStore
from sluice_store.markers import find, mark_damaged, publish
from sluice_trainer.chat.tokenizer import load_tokenizer
from sluice_trainer.data.shards import IGNORE, ShardReader
from sluice_trainer.stages import pack as pack_stage
from support.stagerun import run_stage
from support.tinymodel import TURN_END, save_tiny

NOW = "2026-01-02T03:04:05Z"
HYPER = {"sequenceLength": 128, "epochs": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


class Bench:
    """A store with an imported model and packs."""

    def __init__(self, folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "store"
        self.store = LocalStore(self.root)
        self.configmap = folder / "configmaps" / "data"
        self.configmap.mkdir(parents=True)
        monkeypatch.setattr(pack_stage, "CONFIGMAP_FOLDER", str(folder / "configmaps"))
        self.base = self.import_model(model, "tiny")

    def import_model(self, folder: Path, name: str) -> FileManifest:
        manifest = upload_folder(self.store, folder, f"models/{name}", {})
        publish(
            self.store,
            f"models/{name}",
            Marker(folder=f"models/{name}", manifest_digest=manifest.digest, created_at=NOW),
        )
        return manifest

    def pack(self, answers: list[str], validation_percent: int = 10) -> UriDigest:
        rows = [[("user", f"question {i}"), ("assistant", answer)] for i, answer in enumerate(answers)]
        return self.chats(rows, validation_percent)

    def chats(self, rows: list[list[tuple[str, str]]], validation_percent: int = 0) -> UriDigest:
        """Conversations as turns of role and content."""
        lines = [{"messages": [{"role": role, "content": text} for role, text in turns]} for turns in rows]
        (self.configmap / "rows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        source = {"name": "rows", "locator": "configmap:data/rows.jsonl", "mapper": "ChatMessages"}
        split = {"validationPercent": validation_percent}
        cleaning = {"deduplicate": False}
        identity = digest_of_bytes((self.configmap / "rows.jsonl").read_bytes())
        request = {"sources": [source], "split": split, "cleaning": cleaning, "identity": identity}
        result = run_stage("pack", request, self.root)
        assert isinstance(result, PackResult)
        assert result.manifest is not None
        return result.manifest

    def prepare(self, pack: UriDigest, **request: Any) -> PrepareResult:
        full = {
            "dataset": pack.dump(),
            "base": {"uri": "models/tiny"},
            "hyperparameters": HYPER,
            "identity": "uid-1",
        }
        result = run_stage("prepare", full | request, self.root)
        assert isinstance(result, PrepareResult)
        return result

    def refused(self, pack: UriDigest, **request: Any) -> StageError:
        with pytest.raises(StageError) as caught:
            self.prepare(pack, **request)
        return caught.value

    def shards(self, result: PrepareResult, split: str = "train") -> ShardReader:
        assert result.tokens is not None
        return ShardReader(self.root / result.tokens.uri, split)

    def finish(self, identity: str) -> ArtifactResult:
        """What package leaves for a run."""
        bundle = self.root.parent / "bundle"
        bundle.mkdir()
        (bundle / "model.safetensors").write_bytes(b"weights")
        key, folder = f"artifacts/{identity}", f"package/{'0' * 64}/x"
        manifest = upload_folder(self.store, bundle, folder, {"kind": "HuggingFace"})
        artifact = ArtifactResult(
            uri=folder,
            digest=manifest.digest,
            size_bytes=7,
            context_length=512,
            dtype="float32",
            parameters=1,
            completed_at=NOW,
        )
        report = Report(
            stage="package",
            request_hash="0" * 64,
            folder=folder,
            result=PackageResult(artifact=artifact).dump(),
            started_at=NOW,
            finished_at=NOW,
        )
        marker = Marker(
            folder=folder,
            manifest_digest=manifest.digest,
            report=report.dump(),
            named_key=key,
            created_at=NOW,
        )
        publish(self.store, key, marker)
        return artifact


@pytest.fixture
def bench(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, model, monkeypatch)


ANSWERS = [f"answer number {i}" for i in range(40)]
TOO_LONG = ["long " * 40 + str(i) for i in range(3)]


def test_shards_hold_every_row_once_with_loss_on_answers_only(bench: Bench, model: Path) -> None:
    result = bench.prepare(bench.pack(ANSWERS))
    assert (result.rows, result.masked_rows, result.artifact) == (36, 0, None)
    packs = list(bench.shards(result))
    assert result.total_steps == -(-2 * len(packs) // max(1, 2 * len(packs) // 30))
    tokenizer = load_tokenizer(model)
    learnt = "".join(tokenizer.decode(pack.labels[pack.labels != IGNORE]) for pack in packs)
    held_out = "".join(
        tokenizer.decode(pack.labels[pack.labels != IGNORE]) for pack in bench.shards(result, "validation")
    )
    found = (learnt + held_out).removesuffix(TURN_END).split(TURN_END)
    assert sorted(found) == sorted(ANSWERS)
    assert result.answer_tokens == len(tokenizer.encode_text(learnt))
    assert max(len(pack.ids) for pack in packs) <= 128


def test_T05_no_pack_is_without_an_answer_and_packing_saves_sequences(bench: Bench) -> None:
    pack = bench.pack(ANSWERS)
    packed = bench.prepare(pack)
    single = bench.prepare(pack, hyperparameters=HYPER | {"packing": False})
    assert len(bench.shards(packed)) < len(bench.shards(single)) == 36
    assert all(np.any(p.labels != IGNORE) for p in (*bench.shards(packed), *bench.shards(single)))
    assert single.answer_tokens == packed.answer_tokens


def test_the_report_shows_checks_and_three_rendered_rows(bench: Bench) -> None:
    bench.prepare(bench.pack(ANSWERS))
    [path] = bench.root.glob("prepare/*/*/preflight.json")
    report = json.loads(path.read_text())
    assert len(report["samples"]) == 3
    assert all(s["answers"][0].endswith(TURN_END) for s in report["samples"])
    assert {c["status"] for c in report["checks"]} == {"ok", "warn"}
    assert {"chat_template", "sequence_length", "memory", "epochs"} <= {c["name"] for c in report["checks"]}
    assert report["tokens"]["train"]["fillPercent"] > 50
    assert [need["stage"] for need in report["stages"]] == ["train", "package", "evaluate"]


def test_two_runs_that_need_the_same_shards_share_them(bench: Bench) -> None:
    pack = bench.pack(ANSWERS)
    first = bench.prepare(pack)
    second = bench.prepare(pack, hyperparameters=HYPER | {"learningRate": "1e-3"}, identity="uid-2")
    other = bench.prepare(pack, hyperparameters=HYPER | {"lossOn": "AllAssistant"}, identity="uid-2")
    assert first.tokens == second.tokens != other.tokens
    assert first.fingerprint != second.fingerprint
    assert (first.rows, first.total_steps) == (second.rows, second.total_steps)


def test_damaged_shards_are_written_again(bench: Bench) -> None:
    pack = bench.pack(ANSWERS)
    first = bench.prepare(pack)
    assert first.tokens is not None
    (bench.root / first.tokens.uri / "train.ids.bin").write_bytes(b"")
    second = bench.prepare(pack, identity="uid-2")
    assert second.tokens is not None
    assert second.tokens.uri != first.tokens.uri
    assert second.tokens.digest == first.tokens.digest


def test_a_finished_artifact_is_adopted_with_the_time_of_its_making(bench: Bench) -> None:
    pack = bench.pack(ANSWERS)
    artifact = bench.finish(bench.prepare(pack).fingerprint)
    again = bench.prepare(pack, identity="uid-2")
    assert again.artifact == artifact
    assert again.artifact.completed_at == NOW
    assert again.tokens is None
    assert bench.prepare(pack, identity="uid-2", salt="uid-2").artifact is None


@pytest.mark.parametrize("damage", [b"WEIGHTS", None])
def test_a_damaged_artifact_is_noted_and_not_adopted(bench: Bench, damage: bytes | None) -> None:
    pack = bench.pack(ANSWERS)
    first = bench.prepare(pack)
    bench.finish(first.fingerprint)
    weights = bench.root / "package" / ("0" * 64) / "x" / "model.safetensors"
    weights.unlink() if damage is None else weights.write_bytes(damage)
    again = bench.prepare(pack, identity="uid-2")
    assert again.artifact is None
    assert again.tokens == first.tokens
    assert find(bench.store, f"artifacts/{first.fingerprint}") is None


def test_T03_rows_whose_answer_does_not_fit_are_skipped_and_counted(bench: Bench) -> None:
    result = bench.prepare(bench.pack([*ANSWERS[:20], *TOO_LONG], validation_percent=0))
    assert (result.rows, result.masked_rows) == (20, 3)
    assert any("3 rows left out, answer_too_long 3: raise sequenceLength to" in w for w in result.warnings)
    with pytest.raises(FileNotFoundError):
        bench.shards(result, "validation")


def test_T03_a_run_without_a_single_answer_token_is_refused(bench: Bench) -> None:
    error = bench.refused(bench.pack(TOO_LONG, validation_percent=0))
    assert (type(error), error.reason) == (InputWrong, reasons.SEQUENCE_TOO_SHORT)
    assert "3, first rows:1: needs" in error.message
    assert not list(bench.root.glob("tokens/*"))


def test_T03_rows_that_would_be_cut_are_refused_or_cut_in_the_middle(bench: Bench) -> None:
    pack = bench.chats([[("user", f"{'late again ' * 30} {n}"), ("assistant", "billing")] for n in range(20)])
    error = bench.refused(pack)
    assert error.reason is reasons.ROWS_CUT
    assert "20 of 20 rows are longer than sequenceLength 128" in error.message
    result = bench.prepare(pack, preflight="Open")
    assert result.truncated_rows == 20
    assert result.tokens is not None
    samples = json.loads((bench.root / result.tokens.uri / "samples.json").read_text())
    assert samples[0]["truncated"]
    assert samples[0]["text"].startswith("<|im_start|>user\nlate again")
    assert len(samples[0]["text"].encode()) < 200


def test_rows_that_the_template_refuses_are_refused_with_its_own_words(bench: Bench, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "strict")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
        "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    bench.import_model(folder, "strict")
    twice = [("user", "q"), ("user", "and please be short"), ("assistant", "an answer")]
    error = bench.refused(bench.chats([twice] * 3), base={"uri": "models/strict"})
    assert error.reason is reasons.CHAT_TEMPLATE_REFUSED
    assert "Conversation roles must alternate" in error.message
    assert "sequenceLength to" not in error.message
    rows = [twice] * 2 + [[("user", f"question {n}"), ("assistant", "an answer")] for n in range(8)]
    result = bench.prepare(bench.chats(rows), base={"uri": "models/strict"})
    assert (result.rows, result.masked_rows) == (8, 2)
    assert any("template_refused 2: give the turns" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_what_a_bundle_takes_from_its_base_is_there_before_training(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    folder = save_tiny(tmp_path / "lacking")
    (folder / name).unlink()
    bench.import_model(folder, "lacking")
    error = bench.refused(bench.pack(ANSWERS), base={"uri": "models/lacking"})
    assert error.reason in {reasons.BASE_MODEL_UNSUPPORTED, reasons.CHAT_TEMPLATE_MISSING}


def test_arguments_of_the_template_are_part_of_the_experiment(bench: Bench, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "thinks")
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(
        f"{template}{{% if add_generation_prompt and not thinking %}}<think>\n\n</think>\n\n{{% endif %}}"
    )
    bench.import_model(folder, "thinks")
    pack, base = bench.pack(ANSWERS), {"uri": "models/thinks"}
    plain = bench.prepare(pack, base=base)
    argument = {"name": "thinking", "value": "true"}
    given = bench.prepare(pack, base=base, templateArguments=[argument])
    assert given.fingerprint != plain.fingerprint
    assert given.tokens != plain.tokens
    texts = [
        json.loads((bench.root / r.tokens.uri / "samples.json").read_text())
        for r in (plain, given)
        if r.tokens
    ]
    assert ["<think>" in samples[0]["text"] for samples in texts] == [True, False]
    error = bench.refused(pack, base=base, templateArguments=[argument | {"name": "think_hard"}])
    assert error.reason is reasons.TEMPLATE_ARGUMENT_UNKNOWN
    assert "does not read think_hard" in error.message


def test_P03_a_tokenizer_without_chat_template_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.import_model(save_tiny(tmp_path / "bare", with_template=False), "bare")
    error = bench.refused(bench.pack(ANSWERS), base={"uri": "models/bare"})
    assert (type(error), error.reason) == (InputWrong, reasons.CHAT_TEMPLATE_MISSING)
    assert not list(bench.root.glob("tokens/*"))


@pytest.mark.parametrize(
    ("request_part", "reason", "told"),
    [
        ({"hyperparameters": {"sequenceLength": 513}}, reasons.SEQUENCE_TOO_LONG, "512 positions"),
        ({"adapter": {"targetModules": ["query"]}}, reasons.TARGET_MODULES_NOT_FOUND, "q_proj"),
        ({"deviceMemoryBytes": 1000}, reasons.DOES_NOT_FIT_MEMORY, "GiB"),
        ({"limits": {"cpuMemory": 10**6}}, reasons.DOES_NOT_FIT_MEMORY, "package needs"),
        ({"limits": {"cpuDisk": 1000}}, reasons.DOES_NOT_FIT_DISK, "raise cpuResources"),
        ({"device": "CUDA", "limits": {"memory": 10**6}}, reasons.DOES_NOT_FIT_MEMORY, "train needs"),
        ({"base": {"uri": "models/none"}}, reasons.BASE_MODEL_NOT_FOUND, "models/none"),
        (
            {"base": {"uri": "models/tiny", "digest": f"sha256:{'0' * 64}"}},
            reasons.ARTIFACT_DIGEST_MISMATCH,
            "expected sha256:000",
        ),
        ({"base": {"uri": "s3://other/models/x"}}, reasons.LOCATOR_NOT_ALLOWED, "s3://other"),
    ],
)
def test_P01_what_cannot_work_is_refused_before_anything_is_written(
    bench: Bench, request_part: dict[str, Any], reason: reasons.Reason, told: str
) -> None:
    error = bench.refused(bench.pack(ANSWERS), **request_part)
    assert isinstance(error, InputWrong)
    assert error.reason == reason
    assert told in error.message
    assert not list(bench.root.glob("artifacts/*"))


def test_P01_too_many_epochs_are_refused_for_a_long_run(bench: Bench) -> None:
    error = bench.refused(bench.pack(ANSWERS), hyperparameters=HYPER | {"maxSteps": 5000})
    assert error.reason == reasons.EXPOSURE_TOO_HIGH


def test_P02_an_open_preflight_goes_on_with_the_same_finding_as_a_warning(bench: Bench) -> None:
    pack, long = bench.pack(ANSWERS), HYPER | {"maxSteps": 5000}
    strict = bench.refused(pack, hyperparameters=long)
    result = bench.prepare(pack, hyperparameters=long, preflight="Open")
    assert result.tokens is not None
    assert result.warnings[0] == strict.message
    (report,) = bench.root.glob("prepare/*/*/preflight.json")
    found = [c for c in json.loads(report.read_text())["checks"] if c["status"] == "blocked"]
    assert [(c["name"], c["reason"], c["message"]) for c in found] == [
        ("epochs", strict.reason.code, strict.message)
    ]


def test_P02_an_open_preflight_does_not_let_pass_what_cannot_work(bench: Bench) -> None:
    hyper = HYPER | {"maxSteps": 5000, "sequenceLength": 513}
    error = bench.refused(bench.pack(ANSWERS), hyperparameters=hyper, preflight="Open")
    assert error.reason == reasons.SEQUENCE_TOO_LONG


def test_a_model_whose_import_was_not_completed_is_not_found(bench: Bench) -> None:
    found = find(bench.store, "models/tiny")
    assert found is not None
    (bench.root / "models" / "tiny" / f"done-{found.mark}.json").unlink()
    assert bench.refused(bench.pack(ANSWERS)).reason == reasons.BASE_MODEL_NOT_FOUND
    given = {"uri": "models/tiny", "digest": bench.base.digest}
    assert bench.prepare(bench.pack(ANSWERS), base=given).base.digest == bench.base.digest


def test_configuration_that_names_code_is_refused_before_the_tokenizer_is_loaded(
    bench: Bench, tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path / "code")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["auto_map"] = {"AutoTokenizer": ["evil.Tokenizer", None]}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    bench.import_model(folder, "code")
    error = bench.refused(bench.pack(ANSWERS), base={"uri": "models/code"})
    assert error.reason == reasons.BASE_MODEL_UNSUPPORTED
    assert "tokenizer_config.json: auto_map" in error.message


def test_a_voided_model_is_not_found(bench: Bench) -> None:
    found = find(bench.store, "models/tiny")
    assert found is not None
    note = DamageNote(path="x", expected=bench.base.digest)
    mark_damaged(bench.store, "models/tiny", found.mark, note)
    assert bench.refused(bench.pack(ANSWERS)).reason == reasons.BASE_MODEL_NOT_FOUND
