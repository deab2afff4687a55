"""Runs a stage as its Pod would, against a store in a local folder: request, attempt, report and markers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluice_api.base import ApiModel
from sluice_api.contracts.reports import RESULTS
from sluice_trainer.attempt import Attempt
from sluice_trainer.runtime import load_envelope, opened_context


def run_stage(stage: str, request: dict[str, Any], root: Path, **envelope: Any) -> Any:
    """Typed result of one attempt, with its store at `root`. Raises StageError as the stage does."""
    text = json.dumps(
        {
            "stage": stage,
            "namespace": "demo",
            "owner": "owner",
            "request": request,
            "store": {"root": root.as_uri()},
            **envelope,
        }
    )
    parsed, typed = load_envelope(stage, text)
    work = root.parent / f"{root.name}-work"
    with opened_context(parsed, work) as ctx:
        report = Attempt(typed, ctx, datetime.now(UTC), report_only=False).run()
    if report is None or report.result is None:
        raise AssertionError(f"stage {stage} reported no result")
    result: ApiModel = RESULTS[stage].parse(report.result)
    return result
