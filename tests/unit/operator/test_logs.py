"""Log lines of a pass: each tells the key and the trace, and a failure its reason."""

import asyncio
import io
import json
import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from sluice_operator import logs
from sluice_operator.adapters.cluster.errors import Forbidden, Unavailable
from sluice_operator.model import Key
from sluice_operator.queue import WakeQueue
from sluice_operator.reconcile import Outcome
from sluice_operator.workers import Workers
from sluice_operator.writes import ChildConflict

KEYS = tuple(Key("team", "TrainingRun", name) for name in ("a", "b"))
Lines = list[dict[str, Any]]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the operator's loggers write."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logs.JsonFormatter())
    logger = logging.getLogger("sluice_operator")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    yield text
    logger.removeHandler(handler)
    logger.setLevel(level)


async def passes(stream: io.StringIO, error: Exception) -> Lines:
    """What is logged while two keys are passed over side by side, and each pass fails."""
    queue = WakeQueue()

    async def reconcile(key: Key) -> Outcome:
        await asyncio.sleep(0)
        logging.getLogger("sluice_operator.reconcile").info("at work on %s", key.name)
        await asyncio.sleep(0)
        raise error

    for key in KEYS:
        queue.wake(key)
    task = asyncio.create_task(Workers(queue, reconcile, 2).run())
    while stream.getvalue().count("pass ") < 2:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("bug"), "PassCrashed"),
        (Unavailable(503, "down"), "ApplyFailed"),
        (Forbidden(403, "quota"), "ApplyFailed"),
        (ChildConflict("taken"), "ChildConflict"),
    ],
)
async def test_every_line_of_a_failed_pass_has_key_trace_and_reason(
    stream: io.StringIO, error: Exception, reason: str
) -> None:
    traces: dict[str, Lines] = defaultdict(list)
    for line in await passes(stream, error):
        assert (line["kind"], line["namespace"]) == ("TrainingRun", "team")
        traces[line["trace_id"]].append(line)
    assert len(traces) >= 2
    for lines in traces.values():
        assert {line["object"] for line in lines} <= {"a"} or {line["object"] for line in lines} <= {"b"}
        failures = [line for line in lines if line["message"].startswith("pass ")]
        assert all(line["reason"] == reason and line["error"] == str(error) for line in failures)


def test_outside_of_a_pass_nothing_is_added() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "m", (), None)
    with logs.about(trace_id="t"):
        assert json.loads(logs.JsonFormatter().format(record))["trace_id"] == "t"
    assert "trace_id" not in json.loads(logs.JsonFormatter().format(record))


def test_what_is_at_work_is_redacted_too() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "m", (), None)
    with logs.about(object="hf_abcdefghijklmnopqrstuvwxyz"):
        assert "hf_abc" not in logs.JsonFormatter().format(record)
