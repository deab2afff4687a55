"""JSON that nobody vouches for, at the size of the largest tokenizers and beyond it."""

import json
import time

import pytest

from sluice_model.errors import Unsupported
from sluice_model.jsonfile import MOST_VALUES, parse_object


def test_a_large_vocabulary_is_read() -> None:
    vocabulary = {f"token {i}": i for i in range(200_000)}
    assert parse_object(json.dumps({"vocab": vocabulary}).encode(), "x") == {"vocab": vocabulary}


def test_one_double_among_many_keys_is_found_in_one_pass() -> None:
    text = ",".join(f'"{i}":0' for i in range(200_000))
    before = time.process_time()
    with pytest.raises(Unsupported, match="x is not valid JSON: duplicate key '7'"):
        parse_object(f'{{{text},"7":1}}'.encode(), "x")
    assert time.process_time() - before < 10


@pytest.mark.parametrize("value", [b"[],", b"{},", b"1,"])
def test_more_values_than_any_model_has_are_refused_unread(value: bytes) -> None:
    with pytest.raises(Unsupported, match=f"at most {MOST_VALUES} are read"):
        parse_object(b'{"a":[' + value * (MOST_VALUES + 1) + b"1]}", "x")


@pytest.mark.parametrize(("depth", "fine"), [(60, True), (70, False), (900, False), (5000, False)])
def test_depth_has_a_bound(depth: int, fine: bool) -> None:
    data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    if fine:
        parse_object(data, "x")
    else:
        with pytest.raises(Unsupported, match="nested more than 64 deep"):
            parse_object(data, "x")
