"""The rules as the chart ships them, tried by promtool on made-up series: each fires only when it must.

`cases/` holds one file for each alert, in promtool's own format; times are seconds since the epoch, because
promtool's clock begins there.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sluice_localcluster import binaries
from sluice_operator.chartgen import ROOT
from support.chart import PROMETHEUS, of_kind, render_chart

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"


@pytest.fixture(scope="module")
def promtool() -> Path:
    return binaries.ensure(binaries.PROMTOOL) / "promtool"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered groups as a file that Prometheus could read."""
    (rule,) = of_kind(render_chart(PROMETHEUS, "--set=monitoring.rules.enabled=true"), "PrometheusRule")
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule["spec"]["groups"]}))
    return file


def alerts(rules: Path) -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(rules.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def run(promtool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(promtool), *arguments], capture_output=True, text=True, check=False)


def test_prometheus_accepts_the_rules(promtool: Path, rules: Path) -> None:
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_loads_what_the_guide_writes(promtool: Path, rules: Path, tmp_path: Path) -> None:
    """Without the Prometheus operator: the command as it is documented, and the same rules in the end."""
    guide = (ROOT / "docs" / "guide" / "monitoring.md").read_text()
    (command,) = re.findall(r"```sh\n(helm template .*?)```", guide, re.DOTALL)
    program = binaries.ensure(binaries.HELM)
    path = f"{program}:{os.environ['PATH']}"
    file = tmp_path / "sluice-rules.yaml"
    told = command.replace("sluice-rules.yaml", str(file))
    subprocess.run(["sh", "-ec", told], cwd=ROOT, env={"PATH": path}, check=True)
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert yaml.safe_load(file.read_text()) == yaml.safe_load(rules.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_X13_it_fires_when_it_must_and_not_when_it_must_not(
    case: Path, promtool: Path, rules: Path, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(rules.read_text())
    (tmp_path / "case.yaml").write_text(case.read_text())
    done = run(promtool, "test", "rules", str(tmp_path / "case.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_and_the_other_way_round(rules: Path) -> None:
    assert {path.stem for path in CASES} - {"Serving"} == alerts(rules).keys()


def outcomes(case: Mapping[str, Any], alert: str) -> list[bool]:
    """Whether each look at the alert expects it."""
    looks = (look for test in case["tests"] for look in test.get("alert_rule_test", ()))
    return [bool(look.get("exp_alerts")) for look in looks if look["alertname"] == alert]


@pytest.mark.parametrize("case", [c for c in CASES if c.stem != "Serving"], ids=lambda path: path.stem)
def test_every_case_looks_at_both_sides(case: Path) -> None:
    assert set(outcomes(yaml.safe_load(case.read_text()), case.stem)) == {True, False}


def test_every_alert_has_a_runbook_and_the_other_way_round(rules: Path) -> None:
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == alerts(rules).keys()
    index = (RUNBOOKS / "README.md").read_text()
    assert all(f"({name}.md)" in index for name in pages)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("Sluice*.md")), ids=lambda path: path.stem)
def test_every_runbook_says_what_it_means_where_to_look_and_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What it means",
        "## Where to look",
        "## What to do",
    ]
    assert "```sh\n" in text


def test_every_alert_tells_severity_summary_description_and_runbook(rules: Path) -> None:
    for name, rule in alerts(rules).items():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        url = urlsplit(rule["annotations"]["runbook_url"])
        assert (url.scheme, bool(url.netloc)) == ("https", True)
        assert url.path == f"/docs/runbooks/{name}.md"
