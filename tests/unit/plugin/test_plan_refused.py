"""Plan refuses what kubectl refuses, wherever it comes from, and says so instead of failing."""

import json
from pathlib import Path

import pytest

from sluice_plugin.__main__ import main
from sluice_plugin.errors import Refused
from sluice_plugin.plan.files import read_manifests

PACK = """apiVersion: sluice.dev/v1alpha1
kind: DatasetPack
metadata: {name: tickets}
spec:
  task: Classification
  classification: {instruction: "Which? {labels}", labels: [a, b]}
  sources:
    - {name: export, locator: "s3://sluice/demo/rows.jsonl", mapper: LabelToClassification}
"""


def plan(folder: Path, text: str, *more: str) -> int:
    file = folder / "objects.yaml"
    file.write_text(text, encoding="utf-8")
    return main(["plan", "--offline", "-f", str(file), *more])


def told(folder: Path, capsys: pytest.CaptureFixture[str], text: str, *more: str) -> str:
    """Everything that is said, in one line."""
    assert plan(folder, text, *more) == 1
    return " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("apiVersion: sluice.dev/v1alpha1\n", "", "apiVersion: must be given; use sluice.dev/v1alpha1"),
        ("sluice.dev", "sluce.dev", "'sluce.dev/v1alpha1' is not served"),
        ("kind: DatasetPack\n", "", "kind: '' is not a kind of Sluice"),
        ("{name: tickets}", "{name: tickets, labelz: {a: b}}", "metadata.labelz: there is no such field"),
        ("{name: tickets}", "{labels: {a: b}}", "metadata.name: must be given"),
        ("{name: tickets}", "{generateName: tickets-}", "metadata.generateName: cannot be applied"),
        ("{name: tickets}", "{name: 2024}", "metadata.name: 2024 is not text; write it in quotes"),
        ("{name: tickets}", "{name: tickets, namespace: 12}", "metadata.namespace: 12 is not a valid"),
        ("{name: tickets}", "{name: tickets, namespace: Team A}", 'metadata.namespace: "Team A" is not a'),
        ("{name: tickets}", "{name: {{ .Values.name }}}", "render it first, such as with helm template"),
        (
            "labels: [a, b]",
            "labels: [yes, b]",
            "labels[0]: true is not allowed; it must be text; write it in quotes",
        ),
        ("[a, b]}", "[a, b]}\n  validation: {minRows: '60'}", "write it without quotes: 60"),
        (
            "[a, b]}",
            "[a, b]}\n  validation: {minRows: 60.5}",
            "60.5 is not allowed; it must be a whole number",
        ),
        ("[a, b]}", "[a, b]}\n  cleaning: [a]", '["a"] is not allowed; it must be a mapping'),
        ("  task", "\ttask", "line 5, column 1"),
        ("  task", "\ttask", "indent with spaces"),
        ("spec:", "spec:\n  {% if a %}", "render it first"),
        ("name: tickets", "name: ${NAME}", "fill it in first, such as with envsubst"),
        ("apiVersion", "<<<<<<< HEAD\napiVersion", "it holds the marks of a merge"),
        ("apiVersion", "```yaml\napiVersion", "save what stands between the marks"),
        ('"Which? {labels}"', "“Which? {labels}”", "it holds typographic quotation marks"),
        ("  task", "\u00a0\u00a0task", "it is indented with no-break spaces"),
        ("tickets", "tick\0ets", "line 3: a NUL; this is UTF-16 or no text"),
    ],
)
def test_what_kubectl_would_refuse_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    assert old in PACK
    assert words in told(tmp_path, capsys, PACK.replace(old, new))


def test_fields_have_their_json_names_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PACK.replace("  sources:", "  active_deadline_seconds: 60\n  sources:")
    assert "did you mean activeDeadlineSeconds?" in told(tmp_path, capsys, text)


def test_annotations_have_a_limit_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = f"{{name: tickets, annotations: {{a: {'x' * 200_000}, b: {'é' * 40_000}}}}}"
    assert "hold at most 262144" in told(tmp_path, capsys, PACK.replace("{name: tickets}", long))
    short = f"{{name: tickets, annotations: {{a: {'x' * 200_000}}}}}"
    assert plan(tmp_path, PACK.replace("{name: tickets}", short)) == 0


def test_the_namespace_of_the_command_and_of_the_file_must_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PACK.replace("{name: tickets}", "{name: tickets, namespace: other}")
    assert plan(tmp_path, text) == 0
    assert plan(tmp_path, text, "-n", "other") == 0
    capsys.readouterr()
    assert "the file says other, the command says demo" in told(tmp_path, capsys, text, "-n", "demo")
    assert "--namespace 'Team A' is not a valid namespace" in told(tmp_path, capsys, PACK, "-n", "Team A")


def test_an_object_that_differs_may_not_be_given_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(tmp_path, f"{PACK}---\n{PACK}") == 0
    capsys.readouterr()
    text = f"{PACK}---\n{PACK.replace('[a, b]', '[a, c]')}"
    assert "document 1 holds another DatasetPack tickets" in told(tmp_path, capsys, text)


@pytest.mark.parametrize("kind", ["List", "DatasetPackList", "PodList"])
def test_lists_of_every_kind_are_taken_apart(tmp_path: Path, kind: str) -> None:
    item = {"apiVersion": "sluice.dev/v1alpha1", "kind": "DatasetPack"}
    file = tmp_path / "list.json"
    inner = {"apiVersion": "v1", "kind": kind, "items": [item, item]}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner]}))
    assert [m.data for m in read_manifests([str(file)])] == [item, item]


@pytest.mark.parametrize("items", ["", "items: text", "items: {a: b}"])
def test_a_list_without_items_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], items: str
) -> None:
    text = f"apiVersion: v1\nkind: List\n{items}\n"
    assert "a List must have items, a list of objects" in told(tmp_path, capsys, text)
    assert plan(tmp_path, f"{PACK}---\napiVersion: net.example/v1\nkind: IPAllowList\n") == 0


def test_items_are_numbered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "apiVersion: v1\nkind: List\nitems: [~, 5]\n"
    assert "item 2: apiVersion: 5 is no object" in told(tmp_path, capsys, text)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_refused_with_what_to_do(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(PACK.replace("tickets", "tückets"), encoding=encoding)
    with pytest.raises(Refused, match="save it as UTF-8"):
        read_manifests([str(file)])


def test_objects_of_others_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n"
    assert plan(tmp_path, other + PACK) == 0
    assert "document 1 is no object of Sluice" in " ".join(capsys.readouterr().out.split())


def test_files_may_name_any_number_of_buckets(tmp_path: Path) -> None:
    packs = (
        PACK.replace("name: tickets", f"name: t-{n}").replace("s3://sluice", f"s3://b-{n}") for n in range(17)
    )
    assert plan(tmp_path, "---\n".join(packs)) == 0
