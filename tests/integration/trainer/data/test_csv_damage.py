"""Generated CSV files with damage: lines are conserved, rows never mix, and what is undecidable is refused.

SLUICE_CSV_FILES says how many files there are of each kind of damage.
"""

import csv
import io
import os
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.record import NoRow, Record
from sluice_trainer.data.rejected import RejectedRow
from support.csvdamage import DAMAGE, HEADER, TAG, Table, table

FILES = int(os.environ.get("SLUICE_CSV_FILES", "40"))
SOURCE = Source(name="rows", locator="s3://bucket/rows.csv", mapper="LabelToClassification")


def _read(path: Path, data: bytes, width: int) -> list[Record] | None:
    """All records, or None when the file is refused."""
    path.write_bytes(data)
    try:
        return list(read_csv(path, SOURCE, HEADER[:width]))
    except InputWrong as refused:
        if ", line " not in refused.message:
            raise
        return None


def _check(records: list[Record], made: Table) -> Counter[str]:
    lines = io.BytesIO(made.data).readlines()
    outcomes: Counter[str] = Counter()
    next_line = 1
    for record in records:
        assert record.line == next_line, "each line belongs to one record"
        next_line += record.lines
        kind = record.value.value if isinstance(record.value, NoRow) else "accepted"
        kind = "rejected" if isinstance(record.value, RejectedRow) else kind
        outcomes[kind] += record.lines
        if kind == "accepted":
            own = b"".join(lines[record.line - 1 : next_line - 1]).decode()
            _check_row(list(record.value.values()), own, record.lines, made)
    assert next_line - 1 == len(lines) == outcomes.total()
    return outcomes


def _check_row(row: list[str], own: str, lines: int, made: Table) -> None:
    assert row == next(csv.reader(io.StringIO(own, newline=""))), "a row is what its own lines say"
    tags = {int(tag) for tag in TAG.findall("\n".join(row))}
    if lines > 1:
        assert len(tags) <= 1, "a row never holds lines of another row"
    if row not in made.rows:
        assert tags <= made.touched, "only a damaged row may read otherwise than before"


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_costs_its_own_rows_or_refuses_the_file(tmp_path: Path, kind: str) -> None:
    sums: Counter[str] = Counter()
    for seed in range(FILES):
        rng = random.Random(f"{kind}-{seed}")
        made = table(rng)
        for _ in range(rng.choice((1, 1, 1, 2, 3)) if kind != "two stray quotes" else 1):
            DAMAGE[kind](rng, made)
        records = _read(tmp_path / "rows.csv", made.data, made.width)
        sums["refused files" if records is None else "read files"] += 1
        try:
            sums += _check(records, made) if records is not None else Counter()
        except AssertionError as error:
            raise AssertionError(f"{kind}, seed {seed}: {error}\n{made.data!r}") from error
    sys.stdout.write(f"{kind}: {dict(sums)}\n")
    assert sums["read files"] + sums["refused files"] == FILES


def test_undamaged_files_read_as_the_csv_module_reads_them(tmp_path: Path) -> None:
    for seed in range(FILES * len(DAMAGE)):
        made = table(random.Random(seed))
        records = _read(tmp_path / "rows.csv", made.data, made.width)
        assert records is not None, f"seed {seed}"
        rows = [list(r.value.values()) for r in records if not isinstance(r.value, NoRow | RejectedRow)]
        expected = list(csv.reader(io.StringIO(made.data.decode(), newline="")))[1:]
        assert rows == expected == made.rows, f"seed {seed}"
