"""A place to train the tiny model: a store with base model and shards, and contexts that tests steer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import Envelope, StoreSettings, request_hash
from sluice_api.contracts.requests import PackageRequest, TrainRequest
from sluice_api.layout import attempt_folder
from sluice_store.files import upload_folder
from sluice_store.local import LocalStore
from sluice_trainer.context import Context
from sluice_trainer.data.shards import IGNORE, Document, Pack, write_shards
from support.clock import FakeClock
from support.tinymodel import save_tiny, tiny_tokenizer

FINGERPRINT = "f" * 64
SENTENCES = (
    "the gate lets water pass",
    "rows become a checked pack",
    "a digest names its bytes",
    "no number is ever made up",
    "what is live was judged",
    "the last step is saved too",
    "markers are written last",
    "seeds decide the order",
)


@dataclass
class Steering:
    """Progress sink: remembers what it is told and lets a test act on a step."""

    on_step: Callable[[int], None] = lambda step: None
    losses: list[float] = field(default_factory=list)

    def report(self, step: int, total_steps: int, metrics: Mapping[str, float]) -> None:
        self.losses.append(metrics["loss"])
        self.on_step(step)


def sentence(text: str, prompt: str = "say: ") -> Document:
    """A document whose prompt carries no loss."""
    tokens = tiny_tokenizer()
    asked, answer = tokens.encode(prompt), [*tokens.encode(text), tokens.eos_token_id]
    ids = np.array([*asked, *answer], dtype=np.int32)
    labels = np.array([IGNORE] * len(asked) + answer, dtype=np.int32)
    return Document(ids, labels)


def pack(*documents: Document) -> Pack:
    """One training sequence."""
    return Pack(
        ids=np.concatenate([d.ids for d in documents]),
        labels=np.concatenate([d.labels for d in documents]),
        doc_lengths=tuple(len(d.ids) for d in documents),
    )


@dataclass(frozen=True)
class Bench:
    """A store with a base model and shards."""

    root: Path
    base: UriDigest
    tokens: UriDigest

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.root)

    def train_request(self, steps: int = 10, **changed: Any) -> TrainRequest:
        hyper = {
            "maxSteps": steps,
            "globalBatchSize": 2,
            "learningRate": "1e-2",
            "sequenceLength": 128,
            **changed.pop("hyperparameters", {}),
        }
        return TrainRequest.parse(
            {
                "fingerprint": FINGERPRINT,
                "tokens": self.tokens.dump(),
                "base": self.base.dump(),
                "adapter": {"type": "LoRA", "rank": 4, "alpha": 8},
                "totalSteps": steps,
                "hyperparameters": hyper,
                **changed,
            }
        )

    def package_request(self, weights: UriDigest, **changed: Any) -> PackageRequest:
        return PackageRequest.parse(
            {
                "fingerprint": FINGERPRINT,
                "weights": weights.dump(),
                "base": self.base.dump(),
                "dataset": {"uri": "packs/x", "digest": "sha256:" + "d" * 64},
                "adapter": {"type": "LoRA", "rank": 4, "alpha": 8},
                **changed,
            }
        )

    def context(
        self,
        request: TrainRequest | PackageRequest,
        work: Path,
        attempt: str = "attempt-1",
        on_step: Callable[[int, Context], None] | None = None,
        deadline: float | None = None,
    ) -> Context:
        stage: Literal["train", "package"] = "train" if isinstance(request, TrainRequest) else "package"
        digest = request_hash(stage, request)
        work.mkdir(parents=True, exist_ok=True)
        steering = Steering()
        ctx = Context(
            envelope=Envelope(
                stage=stage,
                namespace="demo",
                owner="run",
                request_hash=digest,
                request=request.dump(),
                store=StoreSettings(root=self.root.as_uri()),
            ),
            store=self.store,
            folder=attempt_folder(stage, digest, attempt),
            work=work,
            clock=FakeClock(),
            progress=steering,
            deadline=deadline,
        )
        if on_step is not None:
            steering.on_step = lambda step: on_step(step, ctx)
        return ctx


def losses(ctx: Context) -> list[float]:
    """Loss of each step that a stage told of."""
    assert isinstance(ctx.progress, Steering)
    return ctx.progress.losses


def make_bench(
    folder: Path,
    train: Sequence[Sequence[Document]] | None = None,
    validation: Sequence[Sequence[Document]] = (),
    dtype: Literal["float32", "bfloat16"] = "float32",
    weights: Path | None = None,
) -> Bench:
    """A bench below `folder`. Each inner sequence is one pack; by default one sentence each.

    The base is random, or has the `weights` that an earlier training left.
    """
    root, local = folder / "store", folder / "shards"
    store = LocalStore(root)
    model = _stored_as(save_tiny(folder / "base"), dtype)
    if weights is not None:
        shutil.copyfile(weights, model / "model.safetensors")
    base = upload_folder(store, model, "models/tiny", {})
    local.mkdir()
    for split, packs in (("train", train or [[sentence(s)] for s in SENTENCES]), ("validation", validation)):
        if packs:
            _write(local, split, packs)
    tokens = upload_folder(store, local, "tokens/x", {"maskedRows": 0})
    return Bench(
        root,
        UriDigest(uri="models/tiny", digest=base.digest),
        UriDigest(uri="tokens/x", digest=tokens.digest),
    )


def _write(local: Path, split: str, packs: Sequence[Sequence[Document]]) -> None:
    documents = [d for p in packs for d in p]
    places = iter(range(len(documents)))
    write_shards(local, split, documents, [[next(places) for _ in p] for p in packs])


def _stored_as(base: Path, dtype: Literal["float32", "bfloat16"]) -> Path:
    import torch
    from transformers import AutoModelForCausalLM

    if dtype != "float32":
        AutoModelForCausalLM.from_pretrained(base, dtype=getattr(torch, dtype)).save_pretrained(base)
    return base
