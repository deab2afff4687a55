"""pack: read sources, map, clean, split and count rows, and freeze them under a digest.

Only the order of the steps is here; each step is a module of `data`.
"""

from pathlib import Path

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import CONFIGMAP_FOLDER
from sluice_api.contracts.reports import PackResult
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import ResolvedSource, SplitCount
from sluice_api.errors import InputWrong
from sluice_store.files import upload_folder
from sluice_trainer.context import Context, Output
from sluice_trainer.data.build import Built, build_pack
from sluice_trainer.data.manifest import describe_pack
from sluice_trainer.data.readers import reader_for
from sluice_trainer.data.sources import Fetched, fetch_source
from sluice_trainer.data.sources.access import Access
from sluice_trainer.data.splitting import SPLITS
from sluice_trainer.data.verdict import refusal

_MOST_REJECTIONS = 8
_MOST_SOURCES = 4
_MOST_TOLD = 99_999_999


def run(request: PackRequest, ctx: Context) -> Output:
    """Build the pack, or refuse it with the counts that say why."""
    _check(request)
    sources = _fetch(request, ctx)
    local = ctx.work / "pack"
    local.mkdir(parents=True, exist_ok=True)
    built = build_pack(request, sources, local, ctx.work / "accepted.jsonl")
    refused = refusal(request, built)
    if refused is not None:
        reason, message = refused
        raise InputWrong(reason, message, _describe(built, sources))
    details = describe_pack(request, built, sources).dump()
    manifest = upload_folder(ctx.store, local, ctx.folder, details)
    pack = UriDigest(uri=ctx.folder, digest=manifest.digest)
    return Output(_describe(built, sources, pack), manifest, ("packs", manifest.digest))


def _check(request: PackRequest) -> None:
    """What can be told before anything is read."""
    for source in request.sources:
        reader_for(source)
        if source.mapper == "LabelToClassification" and request.classification is None:
            raise InputWrong(
                reasons.INVALID_SPEC,
                f"source {source.name}: mapper LabelToClassification needs task Classification, "
                f"with labels and instruction; the task is {request.task}",
            )


def _fetch(request: PackRequest, ctx: Context) -> tuple[Fetched, ...]:
    access = Access(ctx.open, Path(CONFIGMAP_FOLDER))
    return tuple(fetch_source(s, ctx.work / "sources" / s.name, access) for s in request.sources)


def _describe(built: Built, sources: tuple[Fetched, ...], pack: UriDigest | None = None) -> PackResult:
    """The report. Without a place in the store the pack was refused."""
    return PackResult(
        digest=pack.digest if pack else None,
        manifest=pack,
        rows=built.tally.counts,
        rejections=built.tally.rejections(_MOST_REJECTIONS),
        splits=_split_counts(built) if pack else (),
        resolved=tuple(
            ResolvedSource(name=s.source.name, digest=f"sha256:{s.sha256}") for s in sources[:_MOST_SOURCES]
        ),
        longest_answer_tokens=min(built.longest_answer, _MOST_TOLD) if pack else 0,
    )


def _split_counts(built: Built) -> tuple[SplitCount, ...]:
    return tuple(SplitCount(name=n, rows=built.splits[n]) for n in SPLITS if n in built.splits)
