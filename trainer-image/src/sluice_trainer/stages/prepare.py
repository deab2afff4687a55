"""prepare: resolve, look up what is finished, check, and write token shards; no weights, no GPU.

Only the order of the steps is here: facts come from the store, `preflight` judges them, `chat` writes shards.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from sluice_api.common import UriDigest
from sluice_api.contracts.manifests import Marker
from sluice_api.contracts.reports import ArtifactResult, PrepareResult
from sluice_api.contracts.requests import PrepareRequest
from sluice_api.identity import fingerprint
from sluice_api.layout import named_key
from sluice_api.sizing import StepMemory
from sluice_api.stagesizing import RunShape, later_stages
from sluice_store.files import fetch_folder, read_manifest, upload_folder
from sluice_store.markers import publish, verified
from sluice_trainer.adoption import artifact_of
from sluice_trainer.chat.tokenizer import ChatTokenizer
from sluice_trainer.chat.tokenset import SAMPLES_NAME, write_token_set
from sluice_trainer.chat.tokenspec import TokenDetails, token_spec
from sluice_trainer.context import Context, Output
from sluice_trainer.data.manifest import PackDetails
from sluice_trainer.data.rows import split_name
from sluice_trainer.data.splitting import TRAIN, VALIDATION
from sluice_trainer.models.folder import fetch_small, inspect_stored, write_cleaned
from sluice_trainer.preflight.basemodel import Base, resolve_base
from sluice_trainer.preflight.check import Check, refuse_blocked, warnings
from sluice_trainer.preflight.exposure import Exposure, exposure_checks
from sluice_trainer.preflight.fitting import asked_as_trained, fitting_checks
from sluice_trainer.preflight.memory import fits_memory, memory_needed
from sluice_trainer.preflight.model import ignored_keys, model_checks
from sluice_trainer.preflight.modelfacts import ModelFacts
from sluice_trainer.preflight.stages import stage_checks
from sluice_trainer.preflight.template import arguments_read, end_of_answer, open_tokenizer, template_checks
from sluice_trainer.runtime import timestamp

_REPORT: Final = "preflight.json"
_MOST_WARNINGS: Final = 3


@dataclass(frozen=True)
class Tokens:
    """Shards to train on."""

    where: UriDigest
    details: TokenDetails
    samples: Any
    bytes: int
    """Size of the files."""


def run(request: PrepareRequest, ctx: Context) -> Output:
    """Adopt a finished artifact, or make everything ready to train."""
    base = resolve_base(request.base, ctx)
    known: dict[str, Any] = {
        "fingerprint": fingerprint(request, base.where.digest),
        "base": base.where,
        "dataset": request.dataset,
    }
    artifact = _finished(ctx, known["fingerprint"])
    if artifact is not None:
        return _output(ctx, PrepareResult(**known, artifact=artifact), {"adopted": artifact.dump()})
    facts, tokenizer, checks = _check_model(request, ctx, base)
    tokens = _tokens(request, ctx, base, tokenizer)
    memory = memory_needed(facts.shape(), request, tokens.details.train.largest_answer)
    seen = _exposure(request, ctx, facts, tokens)
    shape = _run_shape(request, base, facts, tokens, seen, memory)
    checks += [
        end_of_answer(tokens.details.answer_ends, facts, tokenizer.end_id),
        *fitting_checks(tokens.details.train, request.hyperparameters.sequence_length),
        *exposure_checks(seen),
        fits_memory(memory, request.device_memory_bytes, request.device),
        *stage_checks(shape, request, ctx.remaining_seconds),
    ]
    refuse_blocked(checks, request.preflight)
    known["warnings"] = warnings(checks)[:_MOST_WARNINGS]
    return _output(ctx, _ready(known, tokens, seen, memory), _long_form(checks, tokens, memory, shape))


def _finished(ctx: Context, identity: str) -> ArtifactResult | None:
    """The artifact that an equal run left, if every byte of it is right; a damaged one counts as none."""
    key = named_key("artifacts", identity)
    marker = verified(ctx.store, key, lambda found: artifact_of(found, key) is not None)
    return None if marker is None else artifact_of(marker, key)


def _check_model(
    request: PrepareRequest, ctx: Context, base: Base
) -> tuple[ModelFacts, ChatTokenizer, list[Check]]:
    """What can be told without rows. Raises InputWrong when it forbids the run."""
    local = ctx.work / "base"
    fetch_small(base.store, base.folder, base.where.digest, local)
    model = inspect_stored(base.store, base.folder, base.manifest, local)
    write_cleaned(model, local)
    # Torch takes seconds to import, which a run that adopts need not pay.
    from sluice_trainer.models.fit import prove_fit

    prove_fit(model)
    facts = ModelFacts(model.documents)
    tokenizer, template = open_tokenizer(local, request.template_arguments)
    checks = [template, *model_checks(facts, request), ignored_keys(model.ignored)]
    if tokenizer is not None:
        checks += [
            *template_checks(tokenizer, facts),
            arguments_read(tokenizer, request.template_arguments),
            asked_as_trained(tokenizer),
        ]
    refuse_blocked(checks, request.preflight)
    assert tokenizer is not None
    return facts, tokenizer, checks


def _tokens(request: PrepareRequest, ctx: Context, base: Base, tokenizer: ChatTokenizer) -> Tokens:
    """Shards of an earlier run with the same key, or new ones."""
    spec = token_spec(
        request.dataset.digest, base.manifest, request.hyperparameters, request.template_arguments
    )
    key = named_key("tokens", spec.key)
    marker = verified(ctx.store, key)
    if marker is None:
        pack, local, scratch = (ctx.work / name for name in ("pack", "tokens", "scratch"))
        local.mkdir()
        scratch.mkdir()
        store, folder = ctx.open(request.dataset.uri)
        only = [split_name(TRAIN), split_name(VALIDATION)]
        fetch_folder(store, folder, request.dataset.digest, pack, only=only)
        details = write_token_set(tokenizer, pack, spec, local, scratch)
        marker = publish(ctx.store, key, _upload(ctx, details))
    manifest = read_manifest(ctx.store, marker.folder, marker.manifest_digest)
    return Tokens(
        where=UriDigest(uri=marker.folder, digest=marker.manifest_digest),
        details=TokenDetails.parse_stored(manifest.details),
        samples=json.loads(ctx.store.read(f"{marker.folder}/{SAMPLES_NAME}")),
        bytes=manifest.size_bytes,
    )


def _upload(ctx: Context, details: TokenDetails) -> Marker:
    folder = f"{ctx.folder}/tokens"
    manifest = upload_folder(ctx.store, ctx.work / "tokens", folder, details.dump())
    return Marker(folder=folder, manifest_digest=manifest.digest, created_at=timestamp(ctx.clock.now()))


def _exposure(request: PrepareRequest, ctx: Context, facts: ModelFacts, tokens: Tokens) -> Exposure:
    store, folder = ctx.open(request.dataset.uri)
    pack = PackDetails.parse_stored(read_manifest(store, folder, request.dataset.digest).details)
    details = tokens.details
    return Exposure(
        task=pack.task,
        rows=details.train.rows,
        duplicate_prompts=details.duplicate_prompts,
        answer_words=details.answer_words,
        packs=details.train.packs,
        hyper=request.hyperparameters,
        parameters=facts.shape().parameters,
    )


def _run_shape(
    request: PrepareRequest,
    base: Base,
    facts: ModelFacts,
    tokens: Tokens,
    seen: Exposure,
    memory: StepMemory,
) -> RunShape:
    """What the stages after this one work on."""
    train = tokens.details.train
    return RunShape(
        model=facts.shape(),
        step=memory,
        trained=memory.gradients // 4,
        adapter=request.adapter.type == "LoRA",
        base_bytes=sum(f.size_bytes for f in base.manifest.files if f.path.endswith(".safetensors")),
        token_bytes=tokens.bytes,
        tokens=round(train.tokens * seen.epochs),
        device=request.device,
    )


def _ready(known: dict[str, Any], tokens: Tokens, seen: Exposure, memory: StepMemory) -> PrepareResult:
    train = tokens.details.train
    return PrepareResult(
        **known,
        tokens=tokens.where,
        total_steps=seen.total_steps,
        rows=train.rows,
        masked_rows=tokens.details.masked_rows,
        truncated_rows=train.truncated_rows,
        answer_tokens=train.answer_tokens,
        memory_bytes=memory.total,
    )


def _long_form(checks: list[Check], tokens: Tokens, memory: StepMemory, run: RunShape) -> dict[str, Any]:
    return {
        "checks": [c.report() for c in checks],
        "tokens": tokens.details.dump(),
        "memory": {**memory.__dict__, "total": memory.total},
        "stages": [asdict(need) for need in later_stages(run)],
        "samples": tokens.samples,
    }


def _output(ctx: Context, result: PrepareResult, long_form: dict[str, Any]) -> Output:
    """The stage's own files: what was found and why it was allowed."""
    local = ctx.work / "report"
    local.mkdir()
    (local / _REPORT).write_text(json.dumps(long_form, ensure_ascii=False, indent=2), encoding="utf-8")
    return Output(result, upload_folder(ctx.store, local, ctx.folder, {}))
