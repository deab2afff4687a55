"""A store with packs and models, and the two stages of a gate run on it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import pytest

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import EvaluateResult, JudgeResult, PackResult
from sluice_api.errors import StageError
from sluice_api.hashing import digest_of_bytes
from sluice_store.files import upload_folder
from sluice_store.local import LocalStore
from sluice_trainer.evals.results import ItemResult, read_items
from support.stagerun import run_stage
from support.tinymodel import tiny_model, tiny_tokenizer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


@dataclass
class Bench:
    """What a test needs of the store."""

    root: Path
    configmap: Path
    result: PackResult | None = None
    """Of the newest pack."""

    def pack(self, rows: Sequence[tuple[str, str]], purpose: str = "Evaluation", **request: Any) -> UriDigest:
        """Chat rows of (question, answer)."""
        return self.chats(rows, purpose=purpose, **request)

    def chats(self, conversations: Sequence[Sequence[str]], **request: Any) -> UriDigest:
        """Chat rows of turns, the user first."""
        self._rows(
            {"messages": [{"role": ("user", "assistant")[n % 2], "content": t} for n, t in enumerate(turns)]}
            for turns in conversations
        )
        return self._packed("ChatMessages", **request)

    def tickets(
        self,
        rows: Sequence[tuple[str, str]],
        purpose: str = "Evaluation",
        instruction: str = "Which?",
        slices: Sequence[str | None] = (),
        **request: Any,
    ) -> UriDigest:
        """Classification rows of (text, label), in slices if these are given."""
        columns = [{"slice": name} for name in slices] or [{}] * len(rows)
        self._rows(
            {"text": text, "label": label, **more} for (text, label), more in zip(rows, columns, strict=True)
        )
        task = {"labels": ["red", "blue"], "instruction": instruction}
        fields = {"fields": {"slice": "slice"}} if slices else {}
        request |= {"purpose": purpose, "task": "Classification", "classification": task}
        return self._packed("LabelToClassification", fields, **request)

    def artifact(self, folder: Path, name: str) -> UriDigest:
        """A model folder, stored as an artifact."""
        manifest = upload_folder(LocalStore(self.root), folder, f"models/{name}", {})
        return UriDigest(uri=f"models/{name}", digest=manifest.digest)

    def evaluate(self, suite: UriDigest, **request: Any) -> EvaluateResult:
        """Evaluate on the suite `s`."""
        result: EvaluateResult = run_stage("evaluate", {"suites": [self.suite(suite)], **request}, self.root)
        return result

    def judge(self, suite: UriDigest, candidate: EvaluateResult, **request: Any) -> JudgeResult:
        """Judge on the suite `s`."""
        told = {"suites": [self.suite(suite)], "candidate": scored(candidate), **request}
        result: JudgeResult = run_stage("judge", told, self.root)
        return result

    def refused(self, stage: str, **request: Any) -> StageError:
        """The refusal of a stage."""
        with pytest.raises(StageError) as caught:
            run_stage(stage, request, self.root)
        return caught.value

    def items(self, result: EvaluateResult) -> tuple[ItemResult, ...]:
        """Every item's result."""
        return read_items(self.root / result.results.uri / "s.jsonl")

    @staticmethod
    def suite(pack: UriDigest) -> dict[str, Any]:
        """The suite `s` with short answers."""
        return {"name": "s", "dataset": pack.dump(), "generation": {"maxNewTokens": 6}}

    def _rows(self, rows: Any) -> None:
        (self.configmap / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def _packed(self, mapper: str, more: dict[str, Any] | None = None, **request: Any) -> UriDigest:
        source = {"name": "rows", "locator": "configmap:data/rows.jsonl", "mapper": mapper, **(more or {})}
        identity = digest_of_bytes((self.configmap / "rows.jsonl").read_bytes())
        self.result = run_stage("pack", {"sources": [source], "identity": identity, **request}, self.root)
        assert self.result is not None
        assert self.result.manifest is not None
        return self.result.manifest


def scored(result: EvaluateResult) -> dict[str, Any]:
    """How a judge request names the results of an evaluation."""
    return {"digest": result.digest, "results": result.results.dump()}


def talking_model(seed: int, heads: int = 4) -> "LlamaForCausalLM":
    """The tiny model, with weights scaled so that it says letters, and others to other questions."""
    import torch

    tokens, model = tiny_tokenizer(), tiny_model(seed, heads)
    letters = tokens.convert_tokens_to_ids(list(ascii_lowercase))
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.mul_(40)
            layer.mlp.down_proj.weight.mul_(400)
        model.model.embed_tokens.weight[letters] *= 4
    return model


def save_talking(folder: Path, seed: int, heads: int = 4) -> Path:
    """Write the talking model as a Hugging Face folder."""
    talking_model(seed, heads).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
