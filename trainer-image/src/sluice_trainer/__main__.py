"""`python -m sluice_trainer <stage> [--request FILE] [--work DIR] [--report-only]`.

Exit codes are a contract with the Job's podFailurePolicy: see `sluice_api.contracts.envelope.ExitCode`.
"""

import argparse
import hashlib
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sluice_api import reasons
from sluice_api.contracts.envelope import REQUEST_FILE, ExitCode, Report, ReportFailure
from sluice_api.errors import InputWrong
from sluice_api.text import harmless
from sluice_trainer.attempt import Attempt
from sluice_trainer.outcome import Ending, ending_of
from sluice_trainer.report import log
from sluice_trainer.report.scrub import scrubber
from sluice_trainer.report.termination import deliver
from sluice_trainer.runtime import SystemClock, load_envelope, opened_context, timestamp
from sluice_trainer.stages import STAGES

_log = logging.getLogger("sluice_trainer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage and say how it ended."""
    args = _parser().parse_args(arguments)
    scrub = scrubber(os.environ)
    log.configure(scrub, args.stage)
    started_at = SystemClock().now()
    try:
        report = _run(args, started_at)
    except BaseException as error:
        ending = ending_of(error)
        message = harmless(scrub(ending.message))
        _log.error(
            message,
            exc_info=error if ending.unexpected else None,
            extra={"facts": {"reason": ending.reason.code, "exitCode": int(ending.code)}},
        )
        deliver(_failure_report(args, ending, message, started_at))
        return int(ending.code)
    if report is not None:
        deliver(report)
    _log.info("done", extra={"facts": {"seconds": (SystemClock().now() - started_at).total_seconds()}})
    return int(ExitCode.DONE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluice_trainer", description="Run one stage.")
    parser.add_argument("stage", choices=tuple(STAGES))
    parser.add_argument("--request", type=Path, default=Path(REQUEST_FILE), help="request.json")
    parser.add_argument("--work", type=Path, help="scratch folder; a temporary one outside a Pod")
    parser.add_argument(
        "--report-only", action="store_true", help="look for finished work and never start anything"
    )
    return parser


def _run(args: argparse.Namespace, started_at: datetime) -> Report | None:
    envelope, request = load_envelope(args.stage, _read(args.request))
    _log.info("started", extra={"facts": {"owner": envelope.owner, "requestHash": envelope.request_hash}})
    with (
        opened_context(envelope, args.work) as ctx,
        ctx.interrupts.listening(envelope.deadline_seconds),
    ):
        return Attempt(request, ctx, started_at, args.report_only).run()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputWrong(reasons.STAGE_REQUEST_INVALID, f"request file {path}: {error}") from error


def _failure_report(args: argparse.Namespace, ending: Ending, message: str, started_at: datetime) -> Report:
    return Report(
        stage=args.stage,
        request_hash=_hash_as_given(args),
        failure=ReportFailure(
            reason=ending.reason.code,
            message=message,
            checkpoint=ending.checkpoint,
            evidence=ending.evidence,
        ),
        result=ending.result.dump() if ending.result is not None and args.stage == "pack" else None,
        started_at=timestamp(started_at),
        finished_at=timestamp(SystemClock().now()),
    )


def _hash_as_given(args: argparse.Namespace) -> str:
    """The request's hash; for a request that cannot be read, the hash of what is there instead."""
    try:
        text = _read(args.request)
    except InputWrong:
        return hashlib.sha256(b"").hexdigest()
    try:
        return load_envelope(args.stage, text)[0].request_hash
    except InputWrong:
        return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    # Not sys.exit: threads that still wait for a socket must not keep a Pod that was asked to end.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
