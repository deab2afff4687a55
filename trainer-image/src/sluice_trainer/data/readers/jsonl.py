"""JSON Lines: one JSON value per line. Blank lines are no rows."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from math import isinf
from pathlib import Path
from typing import Any, Final, Never

from sluice_api.datasetpack import Source
from sluice_api.text import visible
from sluice_trainer.data.readers.decoding import TOO_LONG, decode
from sluice_trainer.data.readers.lines import read_lines
from sluice_trainer.data.readers.record import NoRow, Record
from sluice_trainer.data.rejected import MOST_DETAIL, RejectedRow, found

_MOST_DIGITS: Final = 4300


def read_jsonl(path: Path, _: Source, __: Collection[str]) -> Iterator[Record]:
    """All lines of a file."""
    for line in read_lines(path):
        yield Record(line.number, TOO_LONG if line.too_long else _value(line.data))


def _value(data: bytes) -> Any:
    if not data.strip():
        return NoRow.BLANK
    text = decode(data)
    return text if isinstance(text, RejectedRow) else _parse(text)


def _parse(text: str) -> Any:
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_finite,
        )
        # A lone surrogate passes as JSON, but stands for no character.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        return RejectedRow("parse_error", f"not valid JSON: {visible(error.msg)} at column {error.colno}")
    except UnicodeEncodeError:
        return RejectedRow(
            "parse_error",
            "half of a surrogate pair, which stands for no character; write the whole pair, or remove it",
        )
    except RecursionError:
        return RejectedRow(
            "parse_error", "nested too deeply; a row needs a few levels, so write the inner ones as text"
        )
    except ValueError as error:
        return RejectedRow("parse_error", visible(str(error))[:MOST_DETAIL])
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"duplicate key {found(twice)}; rename or remove all but one")
    return row


def _whole(digits: str) -> int:
    """A whole number of a length that Python reads; more would take time without end."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError(
            f"a number of {len(digits)} characters, at most {_MOST_DIGITS} are read; write it in quotes"
        )
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise ValueError(f"the number {found(digits)} is beyond every float; write it as text in quotes")
    return value


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not valid JSON; numbers must be finite")
