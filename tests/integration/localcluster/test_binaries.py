"""Building: cached by content, complete or absent, never twice at once."""

import dataclasses
import threading
from pathlib import Path

import pytest

from sluice_localcluster import binaries
from sluice_localcluster.binaries import Program
from sluice_localcluster.errors import LocalClusterError

GOOD = "package main\n\nfunc main() {}\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module example.test/one\n\ngo 1.21\n")
    (module / "main.go").write_text(GOOD)
    return Program("one", module, ("go.mod", "main.go"), aliases=("two",))


def test_a_program_is_built_once_and_found_by_every_name(program: Program) -> None:
    folder = binaries.ensure(program)
    made = (folder / "one").stat()
    assert (folder / "two").resolve() == (folder / "one").resolve()
    assert binaries.ensure(program) == folder
    assert (folder / "one").stat() == made


def test_changed_sources_are_another_program(program: Program) -> None:
    before = binaries.folder_of(program)
    (program.module / "main.go").write_text(GOOD + "// changed\n")
    assert binaries.folder_of(program) != before


def test_tags_choose_what_is_built_and_are_part_of_the_identity(program: Program) -> None:
    (program.module / "main.go").write_text("//go:build chosen\n\n" + GOOD)
    chosen = dataclasses.replace(program, tags=("chosen",))
    with pytest.raises(LocalClusterError, match="build constraints exclude all Go files"):
        binaries.ensure(program)
    assert (binaries.ensure(chosen) / "one").exists()


def test_a_failed_build_says_why_and_leaves_nothing(program: Program) -> None:
    (program.module / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(LocalClusterError, match="undefined: nonsense"):
        binaries.ensure(program)
    folder = binaries.folder_of(program)
    assert [path.name for path in folder.parent.iterdir()] == ["one.lock"]


def test_two_builders_make_one_binary(program: Program, capsys: pytest.CaptureFixture) -> None:
    builders = [threading.Thread(target=binaries.ensure, args=(program,)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert (binaries.folder_of(program) / "one").exists()
    assert capsys.readouterr().err.count("built one in") == 1


def test_without_go_the_way_to_get_it_is_named(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LocalClusterError, match=r"install Go 1\.26"):
        binaries.ensure(program)
