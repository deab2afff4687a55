"""Package trained weights: merge, bundle, check, load back, describe. The weights stay as they are."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.contracts.manifests import FileManifest
from sluice_api.contracts.reports import ArtifactResult, PackageResult, TrainResult
from sluice_api.contracts.requests import PackageRequest
from sluice_api.errors import InputWrong
from sluice_store.files import fetch_folder, upload_folder
from sluice_trainer.chat.arguments import write_template
from sluice_trainer.chat.tokenizer import load_tokenizer
from sluice_trainer.context import Context, Output
from sluice_trainer.export.bundle import BundleFacts, write_bundle
from sluice_trainer.export.card import CardFacts, render_card
from sluice_trainer.export.checks import (
    CARD,
    LOAD_BACK,
    NUMBERS,
    failed_checks,
    failed_reports,
    refuse_failed,
)
from sluice_trainer.export.loadback import Spoken, load_back
from sluice_trainer.export.merge import refuse_other_base
from sluice_trainer.models.folder import fetch_model
from sluice_trainer.training.weights import WeightsDetails


def run(request: PackageRequest, ctx: Context) -> Output:
    """Make the artifact of a run."""
    base, weights, bundle, beside = (ctx.work / n for n in ("base", "weights", "bundle", "beside"))
    details = _fetch_weights(request, ctx, weights)
    refuse_other_base(details, request.base.digest)
    store, key = ctx.open(request.base.uri)
    fetch_model(store, key, request.base.digest, base)
    facts = write_bundle(base, weights, details, bundle)
    if request.template_arguments:
        write_template(bundle, load_tokenizer(bundle, request.template_arguments).template)
    refuse_failed(failed_checks(bundle))
    spoken = load_back(bundle)
    numbers = _fetch_numbers(request, ctx, beside)
    manifest = upload_folder(ctx.store, bundle, ctx.folder, _details(facts))
    _write_reports(beside, _card(request, ctx, facts, manifest, numbers, spoken))
    refuse_failed(failed_reports(beside))
    for path in sorted(beside.iterdir()):
        ctx.store.upload(path, f"{ctx.folder}/{path.name}")
    result = PackageResult(artifact=_artifact(ctx, facts, manifest))
    return Output(result=result, manifest=manifest, named=("artifacts", request.fingerprint))


def _fetch_weights(request: PackageRequest, ctx: Context, destination: Path) -> WeightsDetails:
    store, key = ctx.open(request.weights.uri)
    manifest = fetch_folder(store, key, request.weights.digest, destination)
    try:
        return WeightsDetails.parse_stored(manifest.details)
    except ValidationError as error:
        raise InputWrong(
            reasons.BASE_NOT_RECORDED,
            f"the manifest of {request.weights.uri} does not describe trained weights: {error}",
        ) from error


def _fetch_numbers(request: PackageRequest, ctx: Context, beside: Path) -> TrainResult | None:
    """What training said of itself; its file goes beside the bundle. None when it is gone."""
    store, key = ctx.open(request.weights.uri)
    beside.mkdir()
    try:
        store.download(f"{key}/{NUMBERS}", beside / NUMBERS)
    except FileNotFoundError:
        return None
    return TrainResult.parse_stored(json.loads((beside / NUMBERS).read_text(encoding="utf-8")))


def _details(facts: BundleFacts) -> dict[str, object]:
    """Part of the artifact's digest: facts of its content, and nothing about how or when it came to be."""
    return {
        "kind": "HuggingFace",
        "contextLength": facts.context_length,
        "dtype": facts.dtype,
        "parameters": facts.parameters,
    }


def _card(
    request: PackageRequest,
    ctx: Context,
    facts: BundleFacts,
    manifest: FileManifest,
    numbers: TrainResult | None,
    spoken: tuple[Spoken, ...],
) -> CardFacts:
    adapter = request.adapter
    return CardFacts(
        name=ctx.envelope.owner,
        digest=manifest.digest,
        bundle=facts,
        size_bytes=manifest.size_bytes,
        method=request.method,
        adapter=f"LoRA of rank {adapter.rank}, merged" if adapter.type == "LoRA" else "all weights",
        base_digest=request.base.digest,
        dataset_digest=request.dataset.digest,
        fingerprint=request.fingerprint,
        steps=numbers.steps if numbers else None,
        numbers={m.name: m.value for m in numbers.metrics} if numbers else {},
        spoken=spoken,
    )


def _write_reports(beside: Path, card: CardFacts) -> None:
    (beside / CARD).write_text(render_card(card), encoding="utf-8")
    rows = [asdict(one) for one in card.spoken]
    (beside / LOAD_BACK).write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")


def _artifact(ctx: Context, facts: BundleFacts, manifest: FileManifest) -> ArtifactResult:
    return ArtifactResult(
        uri=ctx.folder,
        digest=manifest.digest,
        size_bytes=manifest.size_bytes,
        context_length=facts.context_length,
        dtype=facts.dtype,
        parameters=facts.parameters,
        completed_at=f"{ctx.clock.now():%Y-%m-%dT%H:%M:%SZ}",
    )
