"""One attempt at a request: look for finished work, else run the stage, then record what it made.

The order of writing is what makes a crash harmless: files, manifest, report, and only then the markers.
"""

import logging
import platform
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.contracts.bytecount import compact_json
from sluice_api.contracts.envelope import IGNORED_MAX, Report
from sluice_api.contracts.manifests import REPORT_NAME, Marker
from sluice_api.errors import NothingToReport
from sluice_api.hashing import digest_of_bytes
from sluice_api.layout import named_key, stage_key
from sluice_store import markers
from sluice_trainer.adoption import MEASURES, answers, is_named, report_of
from sluice_trainer.context import Context, Output
from sluice_trainer.runtime import timestamp
from sluice_trainer.stages import load

_VERSIONED = ("sluice-trainer", "torch", "transformers", "peft", "tokenizers", "safetensors")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """What is tried, and since when."""

    request: ApiModel
    ctx: Context
    started_at: datetime
    report_only: bool

    def run(self) -> Report | None:
        """The report of finished work, found or made. None for a stage that keeps nothing in the store."""
        if (report := self._finished()) is not None:
            return report
        if self.report_only:
            raise NothingToReport(reasons.NOTHING_TO_REPORT, "no complete work for this request was found")
        output = load(self.ctx.envelope.stage)(self.request, self.ctx)
        return None if output is None else self._record(output)

    def _finished(self) -> Report | None:
        """The report of an earlier attempt, when every byte that it made is still right."""
        seen = self._seen
        for key in seen.ignored:
            _log.warning("this is not a marker of finished work", extra={"facts": {"key": key}})
        marker = markers.proven(self.ctx.store, self._key, seen)
        if marker is None:
            return None
        self._name(marker)
        _log.info("finished work was found", extra={"facts": {"folder": marker.folder}})
        return report_of(marker)

    @property
    def _key(self) -> str:
        return stage_key(self.ctx.envelope.stage, self.ctx.envelope.request_hash)

    @cached_property
    def _seen(self) -> markers.Look:
        """What was found before anything was done."""
        if self.ctx.envelope.stage in MEASURES:
            return markers.Look()
        return markers.look(self.ctx.store, self._key, self._is_of_this_request)

    def _is_of_this_request(self, marker: Marker) -> bool:
        return answers(marker, self.ctx.envelope)

    def _record(self, output: Output) -> Report:
        """Write report and markers. What is reported is what this attempt made, whoever was first."""
        ctx, envelope = self.ctx, self.ctx.envelope
        report = Report(
            stage=envelope.stage,
            request_hash=envelope.request_hash,
            folder=ctx.folder,
            result=output.result.dump(),
            ignored_markers=min(len(self._seen.ignored), IGNORED_MAX) or None,
            started_at=timestamp(self.started_at),
            finished_at=timestamp(ctx.clock.now()),
        )
        long_form = compact_json(self._long_form(report, output))
        ctx.store.write(f"{ctx.folder}/{REPORT_NAME}", long_form)
        report = report.model_copy(update={"report_digest": digest_of_bytes(long_form)})
        marker = Marker(
            folder=ctx.folder,
            manifest_digest=output.manifest.digest,
            report_digest=report.report_digest,
            report=report.dump(),
            named_key=named_key(*output.named) if output.named else None,
            created_at=report.finished_at,
        )
        if envelope.stage not in MEASURES:
            markers.publish(ctx.store, self._key, marker, self._is_of_this_request)
        self._name(marker)
        return report

    def _name(self, marker: Marker) -> None:
        """Make the work findable by its content as well; who was first there stays."""
        key = marker.named_key
        if key is not None:
            markers.publish(self.ctx.store, key, marker, lambda found: is_named(found, key))

    def _long_form(self, report: Report, output: Output) -> dict[str, object]:
        envelope = self.ctx.envelope
        return {
            "report": report.dump(),
            "namespace": envelope.namespace,
            "owner": envelope.owner,
            "attempt": envelope.attempt,
            "request": envelope.request,
            "manifestDigest": output.manifest.digest,
            "versions": _versions(),
        }


def _versions() -> dict[str, str]:
    """Versions of what shapes results, as far as it is installed."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
