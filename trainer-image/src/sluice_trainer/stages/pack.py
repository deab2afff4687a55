"""pack: read sources, map, clean, split and count rows, and freeze them under a digest.

Only the order of the steps is here; each step is a module of `data`.
"""

from pathlib import Path

from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import CONFIGMAP_FOLDER
from sluice_api.contracts.reports import PackResult, contamination_text
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import ResolvedSource, SplitCount
from sluice_api.errors import InputWrong
from sluice_store.files import upload_folder
from sluice_trainer.context import Context, Output
from sluice_trainer.data.build import REJECTED_NAME, Built, build_pack
from sluice_trainer.data.manifest import describe_pack, describe_rejections
from sluice_trainer.data.requestcheck import check_request
from sluice_trainer.data.sources import Fetched, fetch_source
from sluice_trainer.data.sources.access import Access
from sluice_trainer.data.splitting import SPLITS
from sluice_trainer.data.verdict import Refusal, refusal
from sluice_trainer.evals.checkedpacks import load_against

_MOST_REJECTIONS = 6
_MOST_IGNORED = 3
_MOST_SOURCES = 2
_MOST_TOLD = 99_999_999


def run(request: PackRequest, ctx: Context) -> Output:
    """Build the pack, or refuse it with the counts and the rows that say why."""
    check_request(request)
    sources = _fetch(request, ctx)
    local = ctx.work / "pack"
    local.mkdir(parents=True, exist_ok=True)
    built = build_pack(request, sources, local, ctx.work / "accepted.jsonl", load_against(request, ctx))
    refused = refusal(request, built)
    if refused is not None:
        raise _refused(refused, built, local, ctx)
    details = describe_pack(request, built, sources).dump()
    manifest = upload_folder(ctx.store, local, ctx.folder, details)
    pack = UriDigest(uri=ctx.folder, digest=manifest.digest)
    return Output(_describe(built, sources, pack), manifest, ("packs", manifest.digest))


def _fetch(request: PackRequest, ctx: Context) -> tuple[Fetched, ...]:
    access = Access(ctx.open, Path(CONFIGMAP_FOLDER), frozenset(ctx.envelope.https_hosts or ()))
    return tuple(fetch_source(s, ctx.work / "sources" / s.name, access) for s in request.sources)


def _refused(refused: Refusal, built: Built, local: Path, ctx: Context) -> InputWrong:
    """The refusal; every rejected row is kept in the attempt's folder, which the failure cites."""
    reason, message = refused
    result = PackResult(
        rows=built.tally.counts,
        rejections=built.tally.rejections(_MOST_REJECTIONS),
    )
    error = InputWrong(reason, message, result)
    rejected = local / REJECTED_NAME
    if rejected.exists():
        evidence = ctx.work / "refused"
        evidence.mkdir()
        rejected.rename(evidence / REJECTED_NAME)
        details = {"rejections": [r.dump() for r in describe_rejections(built.tally)]}
        manifest = upload_folder(ctx.store, evidence, ctx.folder, details)
        error.evidence = UriDigest(uri=ctx.folder, digest=manifest.digest)
    return error


def _describe(built: Built, sources: tuple[Fetched, ...], pack: UriDigest) -> PackResult:
    """The report of a finished pack."""
    return PackResult(
        digest=pack.digest,
        manifest=pack,
        rows=built.tally.counts,
        rejections=built.tally.rejections(_MOST_REJECTIONS),
        ignored_keys=built.ignored.top(_MOST_IGNORED),
        contamination=contamination_text([(p.exact, p.near) for p in built.against.packs.values()]),
        labels=len(built.labels) or None,
        splits=tuple(SplitCount(name=n, rows=built.splits[n]) for n in SPLITS if n in built.splits),
        resolved=tuple(
            ResolvedSource(name=s.source.name, digest=f"sha256:{s.sha256}") for s in sources[:_MOST_SOURCES]
        ),
        contradictions=built.contradictions.count(),
        longest_answer_tokens=min(built.longest_answer, _MOST_TOLD),
    )
