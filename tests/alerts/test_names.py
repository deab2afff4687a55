"""X13: what the rules read is told: by our own endpoint, or by the engine under the names it is known for."""

import re
from pathlib import Path

import yaml

from sluice_operator.chartgen import CHART
from sluice_operator.metrics import FAMILIES
from support.telemetry import ENGINE

RULES = CHART / "files" / "rules"
NAME = re.compile(r"\b(?:sluice_[a-z0-9_]+|vllm:[a-z0-9_]+|http_[a-z0-9_]+)\b")


def read(file: Path) -> set[str]:
    return {name for rule in yaml.safe_load(file.read_text()) for name in NAME.findall(rule["expr"])}


def test_X13_alerts_read_only_metrics_that_the_operator_tells() -> None:
    names = read(RULES / "alerts.yaml")
    assert len(names) >= 13
    assert names <= FAMILIES.keys()


def test_X13_serving_is_told_by_the_engine() -> None:
    assert read(RULES / "serving.yaml") == ENGINE
