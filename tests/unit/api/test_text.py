"""Control characters are known to patterns of the API and to Python alike, and are shown, never printed."""

import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from sluice_api.datasetpack import Label
from sluice_api.text import harmless, has_controls, printable, quoted, visible

LABEL = TypeAdapter(Label)
SCHEMA = Path(__file__).parents[3] / "crds" / "schema" / "datasetpack_v1alpha1.json"
CONTROLS = "\x00\x1b\x7f\x9b\x9f\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"


@pytest.mark.parametrize("letter", CONTROLS)
def test_a_label_with_a_control_character_is_refused(letter: str) -> None:
    assert has_controls(f"a{letter}b")
    with pytest.raises(ValidationError):
        LABEL.validate_python(f"a{letter}b")
    assert not has_controls(visible(letter))


@pytest.mark.parametrize("text", ["red", "café", "非常", "a\u200db", "תווית", "\u00a0", 'a"b\\c'])
def test_letters_of_any_script_are_no_controls(text: str) -> None:
    assert LABEL.validate_python(text) == text
    assert visible(text) == text


def test_editors_get_the_pattern_in_a_form_that_they_know() -> None:
    schema = json.loads(SCHEMA.read_text())
    labels = schema["properties"]["spec"]["properties"]["classification"]["properties"]["labels"]
    pattern = re.compile(labels["items"]["pattern"])
    assert all(pattern.search(f"a{letter}b") is None for letter in CONTROLS)
    assert pattern.search("café")


@pytest.mark.parametrize("letter", CONTROLS)
def test_text_of_users_is_harmless_and_as_long_as_it_was(letter: str) -> None:
    value = {f"k{letter}": [f"a{letter}b", 1, None, {"x": (f"{letter}",)}]}
    shown = harmless(value)
    assert not has_controls(json.dumps(shown, ensure_ascii=False))
    assert len(next(iter(shown.values()))[0]) == 3
    assert harmless(shown) == shown


def test_lines_and_tabs_stay_on_a_terminal_and_leave_a_message() -> None:
    assert printable("a\n\tb\x1b") == "a\n\tb\\u001b"
    assert harmless("a\n\tb") == "a  b"


def test_quoted_text_is_short_and_visible() -> None:
    assert quoted('a"\x9b', 10) == '"a\\"\\u009b"'
    assert quoted("x" * 20, 10) == '"xxxxxxx..."'
