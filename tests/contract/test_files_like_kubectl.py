"""Files as people write them: `kubectl sluice plan` takes what kubectl takes, and refuses what it refuses."""

from pathlib import Path

import pytest

from sluice_localcluster import ControlPlane, LocalClusterError
from sluice_plugin.__main__ import main

PACK = """apiVersion: sluice.dev/v1alpha1
kind: DatasetPack
metadata: {name: tickets}
spec:
  task: Classification
  classification: {instruction: "Which? {labels}", labels: [a, b]}
  sources:
    - {name: export, locator: "s3://sluice/demo/rows.jsonl", mapper: LabelToClassification}
"""
OTHER = PACK.replace("tickets", "others")
ROWS = PACK + "  validation: {minRows: %s}\n"
LISTED = "apiVersion: v1\nkind: List\nitems:\n- " + PACK.replace("\n", "\n  ").rstrip() + "\n"

TAKEN = {
    "mark": "\ufeff" + PACK,
    "marks of two files": "\ufeff" + PACK + "---\n\ufeff" + OTHER,
    "line ends of Windows": PACK.replace("\n", "\r\n"),
    "tab after a value": PACK.replace("Classification\n", "Classification\t\n", 1),
    "tab after a colon": PACK.replace("task: ", "task:\t"),
    "tab before a comment": PACK.replace("spec:\n", "spec:\t# rows\n"),
    "whole number with a point": ROWS % "60.0",
    "whole number with an exponent": ROWS % "6e1",
    "hexadecimal": ROWS % "0x3C",
    "null number": ROWS % "~",
    "null mapping": PACK + "  cleaning:\n",
    "null in a list of mappings": PACK.replace("mapper:", "fields: ~, mapper:"),
    "two documents": PACK + "---\n" + OTHER,
    "empty documents": "---\n---\n" + PACK + "---\n# nothing\n---\n",
    "end of a document": PACK + "...\n",
    "List": LISTED,
    "anchor": PACK.replace("{name: tickets}", "{name: &name tickets, labels: {app: *name}}"),
    "merge": PACK.replace("  task: C", "  <<: {task: Chat, purpose: Train}\n  task: C"),
}
REFUSED = {
    "tab for a space": PACK.replace("  task", "\ttask"),
    "directive": "%YAML 1.1\n---\n" + PACK,
    "fraction": ROWS % "60.5",
    "quoted number": ROWS % '"60"',
    "truth for a number": ROWS % "true",
    "unknown anchor": PACK.replace("[a, b]", "*labels"),
    "template": PACK.replace("[a, b]", "{{ .Values.labels }}"),
    "variable": PACK.replace("name: tickets", "name: ${NAME}"),
    "no objects": "# nothing\n",
    "text": "hello\n",
    "marks of a merge": "<<<<<<< HEAD\n" + PACK + "=======\n>>>>>>> x\n",
    "Markdown": "```yaml\n" + PACK + "```\n",
    "List of nothing": "apiVersion: v1\nkind: List\n",
    "nothing in a List": "apiVersion: v1\nkind: List\nitems: [~]\n",
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_what_kubectl_takes_is_planned(plane: ControlPlane, tmp_path: Path, text: str) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    plane.kubectl("apply", "--dry-run=server", "-f", str(file))
    assert main(["plan", "--offline", "-f", str(file)]) == 0


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_kubectl_refuses_is_refused(plane: ControlPlane, tmp_path: Path, text: str) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LocalClusterError):
        plane.kubectl("apply", "--dry-run=server", "-f", str(file))
    assert main(["plan", "--offline", "-f", str(file)]) == 1
