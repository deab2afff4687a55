"""Numbers that JSON allows and nothing can hold reject their row with a sentence of their own."""

from pathlib import Path

import pytest

from sluice_api.datasetpack import Source
from sluice_trainer.data.readers.jsonl import read_jsonl
from sluice_trainer.data.rejected import RejectedRow

SOURCE = Source(name="rows", locator="s3://bucket/rows.jsonl", mapper="ChatMessages")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[" * 100_000, "write the inner ones as text"),
        (r'{"text": "\ud83d"}', "write the whole pair, or remove it"),
        ('{"a": 1, "a": 2}', "rename or remove all but one"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_to_do(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line)
    [record] = read_jsonl(path, SOURCE, ())
    assert isinstance(record.value, RejectedRow)
    assert told in record.value.text


@pytest.mark.parametrize(
    ("number", "told"),
    [("9" * 5000, "5000 characters, at most 4300"), ("1e999", '"1e999" is beyond every float')],
)
def test_a_number_without_measure(tmp_path: Path, number: str, told: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"n": {number}}}\n{{"n": 1.5}}\n')
    first, second = (record.value for record in read_jsonl(path, SOURCE, ()))
    assert isinstance(first, RejectedRow)
    assert told in first.text
    assert second == {"n": 1.5}
