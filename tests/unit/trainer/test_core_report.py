"""Step log, progress bodies and scrubbing."""

import json
import logging
import math
from datetime import UTC, datetime

import pytest

from sluice_trainer.report.log import JsonFormatter
from sluice_trainer.report.progress import Progress, Update, status_body
from sluice_trainer.report.scrub import HIDDEN, scrubber
from sluice_trainer.report.steplog import LINE, StepRecord, format_line, parse_line
from support.clock import FakeClock

RECORD = StepRecord(
    step=7,
    total_steps=200,
    loss=1.23456,
    grad_norm=0.5,
    learning_rate=2e-05,
    answer_tokens=321,
    tokens_per_s=1234.5,
    memory_bytes=987654321,
    mfu=0.4321,
)


class Collector:
    """A sender that keeps what it was sent."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.closed = False

    def send(self, update: Update) -> None:
        self.updates.append(update)

    def close(self) -> None:
        self.closed = True


def test_T18_every_step_is_one_line_of_one_regular_expression() -> None:
    line = format_line(RECORD)
    assert "\n" not in line
    assert LINE.fullmatch(line)
    assert parse_line(f'{{"message": "{line}"}}') == RECORD


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf, 1e-12, 123456789.0])
def test_T18_extreme_numbers_are_lines_too(loss: float) -> None:
    found = parse_line(format_line(StepRecord(1, 1, loss, 0.0, 0.0, 0, 0.0, 0)))
    assert found is not None
    assert found.loss == pytest.approx(loss, nan_ok=True, rel=1e-5)
    assert found.mfu is None


def test_T18_another_line_is_no_step() -> None:
    assert parse_line("step=1/2 loss=") is None


def test_the_posted_body_is_that_of_kubeflows_callback() -> None:
    update = Update(3, 12, datetime(2026, 1, 1, tzinfo=UTC), 90, {"loss": 1.5})
    assert status_body(update) == {
        "trainerStatus": {
            "lastUpdatedTime": "2026-01-01T00:00:00+00:00",
            "progressPercentage": 25,
            "estimatedRemainingSeconds": 90,
            "metrics": [
                {"name": "loss", "value": "1.5"},
                {"name": "current_step", "value": "3"},
                {"name": "total_steps", "value": "12"},
            ],
        }
    }


def test_the_time_left_follows_the_pace_since_the_resumed_step() -> None:
    clock, collector = FakeClock(), Collector()
    progress = Progress([collector], clock)
    progress.report(50, 100, {})
    clock.sleep(10)
    progress.report(60, 100, {})
    progress.close()
    assert [u.eta_seconds for u in collector.updates] == [None, 40]
    assert collector.closed


@pytest.mark.parametrize(
    ("step", "total", "percent"), [(0, 0, 0), (0, 3, 0), (199, 200, 99), (200, 200, 100)]
)
def test_only_the_last_step_is_a_hundred_percent(step: int, total: int, percent: int) -> None:
    assert Update(step, total, datetime(2026, 1, 1, tzinfo=UTC)).percent == percent


@pytest.mark.parametrize(
    "text",
    [
        "key is planted-value-1",
        "Authorization: Bearer abc.def-ghi",
        "GET https://user:pass-word@host/x",
        "?X-Amz-Credential=AKIA/us&X-Amz-Signature=abcdef",
        "AKIAABCDEFGHIJKLMNOP",
        "hf_abcdefghijklmnopqrstuv",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4eHgifQ.c2lnbmF0dXJl",
    ],
)
def test_X17_secrets_are_hidden(text: str) -> None:
    scrub = scrubber({"AWS_SECRET_ACCESS_KEY": "planted-value-1", "TOKEN_PATH": "/var/run/token"})
    assert HIDDEN in scrub(text)
    assert "planted-value-1" not in scrub(text)


def test_X17_paths_and_short_words_stay_readable() -> None:
    scrub = scrubber({"TOKEN_PATH": "/var/run/token", "API_KEY": "yes"})
    assert scrub("yes, /var/run/token is missing") == "yes, /var/run/token is missing"


def test_a_log_line_shows_control_characters_and_keeps_letters() -> None:
    record = logging.LogRecord("sluice", logging.INFO, "x.py", 1, "\u00e9t\u00e9 \u009b31m \u202e", (), None)
    line = JsonFormatter(scrubber({}), {}).format(record)
    assert "\u00e9t\u00e9 \\u009b31m \\u202e" in line
    assert json.loads(line)["message"] == "\u00e9t\u00e9 \u009b31m \u202e"


def test_X17_a_log_line_is_json_with_its_facts_and_without_secrets() -> None:
    record = logging.LogRecord("sluice", logging.INFO, "x.py", 1, "wrote %s", ("planted-value-1",), None)
    record.facts = {"rows": 3}
    line = JsonFormatter(scrubber({"MY_SECRET": "planted-value-1"}), {"stage": "pack"}).format(record)
    found = json.loads(line)
    assert (found["message"], found["stage"], found["rows"]) == (f"wrote {HIDDEN}", "pack", 3)
