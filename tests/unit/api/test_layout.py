"""Places in the store."""

import pytest

from sluice_api import layout


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("pack/abc/done-1.json", "1"),
        ("done-0af3.json", "0af3"),
        ("done-../x.json", None),
        ("done-A.json", None),
        (f"done-{'9' * 33}.json", None),
        ("undone-1.json", None),
        ("damaged-1.json", None),
        ("done-1.json.tmp", None),
        ("done-1.json\n", None),
        ("done-٣.json", None),
        ("done-.json", None),
    ],
)
def test_done_mark(key: str, mark: str | None) -> None:
    assert layout.done_mark(key) == mark


def test_names_of_markers_come_back_as_marks() -> None:
    assert layout.done_mark(layout.done_name("7f")) == "7f"
    assert layout.damaged_mark(layout.damaged_name("7f")) == "7f"
    assert layout.done_mark(layout.damaged_name("7f")) is None
    assert layout.damaged_mark(layout.done_name("7f")) is None


def test_places() -> None:
    assert layout.attempt_folder("pack", "h", "uid") == "pack/h/uid"
    assert layout.stage_key("pack", "h") == "pack/h"
    assert layout.named_key("packs", "sha256:ab") == "packs/ab"
    assert layout.lock_key("f", 3) == "train/f/lock/000003"
    assert layout.checkpoint_key("f", 50).startswith(layout.checkpoints_key("f") + "/step-")


def test_checkpoints_sort_by_step() -> None:
    keys = [layout.checkpoint_key("f", step) for step in (9, 10, 99_999_999)]
    assert keys == sorted(keys)


def test_an_unknown_root_is_named() -> None:
    with pytest.raises(ValueError, match="secrets is not one of packs"):
        layout.named_key("secrets", "x")
