"""Plan refuses what the API server refuses in metadata, and reads numbers as kubectl does."""

from pathlib import Path

import pytest

from sluice_plugin.plan.files import read_manifests
from sluice_plugin.plan.verb import sort_out

RUN = """apiVersion: sluice.dev/v1alpha1
kind: TrainingRun
metadata: {{name: r1{metadata}}}
spec:
  datasetRef: {{name: p1}}
  baseModel: {{s3: {{uri: "s3://sluice/demo/models/m"}}}}
  hyperparameters: {{learningRate: {rate}, maxSteps: 60}}
"""


def problems(folder: Path, metadata: str = "", rate: str = '"1e-3"') -> list[tuple[str, str]]:
    file = folder / "run.yaml"
    file.write_text(RUN.format(metadata=metadata, rate=rate))
    found = sort_out(read_manifests([str(file)]), "team")[1]
    return [(problem.path, problem.hint) for problem in found]


@pytest.mark.parametrize(
    "metadata",
    [
        ", labels: {task: tickets, release: 2024-05-01, empty: ''}",
        ", annotations: {released: 2024-05-01T10:00:00Z, text: 'any text: at all'}",
    ],
)
def test_what_the_api_server_takes_is_taken(tmp_path: Path, metadata: str) -> None:
    assert problems(tmp_path, metadata) == []


@pytest.mark.parametrize(
    ("metadata", "path", "hint"),
    [
        (", labels: {task: 2}", "metadata.labels[task]", 'write it in quotes: "2"'),
        (", labels: {task: 1e-3}", "metadata.labels[task]", 'write it in quotes: "0.001"'),
        (", labels: {task: yes}", "metadata.labels[task]", 'write it in quotes, such as "true"'),
        (", labels: {task: a b}", "metadata.labels[task]", "use at most 63"),
        (", labels: {task: " + "x" * 64 + "}", "metadata.labels[task]", "use at most 63"),
        (", labels: {Example.com/task: a}", "metadata.labels[Example.com/task]", "use at most 63"),
        (", labels: [task]", "metadata.labels", ""),
        (", annotations: {count: 7}", "metadata.annotations[count]", 'write it in quotes: "7"'),
        (", annotations: {list: [a]}", "metadata.annotations[list]", ""),
    ],
)
def test_metadata_that_the_api_server_refuses_is_told(
    tmp_path: Path, metadata: str, path: str, hint: str
) -> None:
    [(found, told)] = problems(tmp_path, metadata)
    assert found == path
    assert told.startswith(hint)


def test_a_bare_number_is_refused_where_text_is_wanted(tmp_path: Path) -> None:
    found = problems(tmp_path, rate="1e-3")
    assert found == [("spec.hyperparameters.learningRate", 'write it in quotes: "0.001"')]


def test_a_window_that_starts_at_ten_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text(
        "apiVersion: sluice.dev/v1alpha1\nkind: Deployment\nmetadata: {name: d}\n"
        "spec:\n  gateRef: {name: g}\n  promotion:\n    windows:\n"
        "      - {days: [Mon], start: 10:00, durationSeconds: 3600, timeZone: Europe/Berlin}\n"
    )
    assert sort_out(read_manifests([str(file)]), "team")[1] == []
