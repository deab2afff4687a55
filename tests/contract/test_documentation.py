"""Every example in the documentation works: YAML for the models, verbs for the plugin, links to files."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice_api.kinds import KINDS
from sluice_plugin.__main__ import main, parser
from sluice_plugin.completion.finder import candidates

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("localcluster/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for found, text in BLOCK.findall(page.read_text()):
            if found == language:
                yield page.name, text


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    for page, text in blocks("yaml"):
        for document in yaml.safe_load_all(text):
            if document and document.get("apiVersion", "").startswith("sluice.dev/"):
                yield page, document
    for file in sorted((ROOT / "docs" / "examples").glob("**/*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            yield file.name, document


@pytest.mark.parametrize(("page", "document"), list(objects()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_object_is_valid(page: str, document: dict[str, Any]) -> None:
    assert KINDS[document["kind"]].spec.parse(document["spec"]), page


def test_every_plugin_command_is_understood() -> None:
    commands = [
        line.strip()
        for _, text in blocks("sh")
        for line in text.splitlines()
        if line.strip().startswith("kubectl sluice ")
    ]
    assert commands
    for command in commands:
        assert parser().parse_args(shlex.split(command)[2:]).run, command


def test_every_verb_has_an_example_in_the_guide() -> None:
    verbs = {line.split("\t")[0] for line in candidates(parser(), [""])}
    lines = [line for _, text in blocks("sh") for line in text.splitlines()]
    told = {shlex.split(line)[2] for line in lines if line.startswith("kubectl sluice ")}
    assert verbs <= told


@pytest.mark.parametrize(
    "line",
    [
        line
        for page, text in blocks("sh")
        for line in text.splitlines()
        if page == "plugin.md" and ("--offline" in line or "completion" in line) and "my-values" not in line
    ],
)
def test_examples_that_need_no_cluster_run(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(line)[2:]) == 0


def test_every_make_target_exists() -> None:
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {t for page in PAGES for t in re.findall(r"`make ([a-z0-9-]+)`", page.read_text())}
    assert told <= known


def test_every_link_leads_to_a_file() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
