"""The header of a CSV file: names of columns, and what is amiss when a wanted one is not there."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from unicodedata import category

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_api.reasons import Reason
from sluice_trainer.data.naming import place
from sluice_trainer.data.readers.csvsplit import RawRecord
from sluice_trainer.data.readers.decoding import decode
from sluice_trainer.data.readers.quotes import is_regular
from sluice_trainer.data.rejected import RejectedRow, found

_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MOST_NAMES: Final = 8
_AROUND: Final = " \t\r\n\u00a0'\"\u201c\u201d"
"""White space and quotes that may stand around a name."""


def read_header(source: Source, record: RawRecord, wanted: Collection[str]) -> list[str]:
    """Names of all columns, each once. Raises InputWrong(COLUMNS_NOT_FOUND)."""
    names = _names(source, record)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"the CSV header names a column twice: {_list(twice)}; each column needs a name of its own"
        raise _wrong(source, record, message)
    missing = [name for name in wanted if name not in names]
    if missing:
        found_names = f"the CSV header has {_count(names)}: {_list(names)}"
        message = f"{found_names}; wanted: {_list(tuple(wanted))}, missing: {_list(missing)}"
        reason, cause = _guess(names, missing)
        raise _wrong(source, record, f"{message}. {cause}", reason)
    return names


def header_again(source: Source, record: RawRecord, header: Sequence[str]) -> RejectedRow | None:
    """What stands in a file for the header of a second one, as after `cat a.csv b.csv`; None for a row.

    Raises InputWrong when its columns are in another order, since the rows below follow that order.
    """
    if record.lines > 1 or isinstance(record.values, RejectedRow) or len(record.values) != len(header):
        return None
    plain = [_plain(value) for value in _named(_text(value) for value in record.values)]
    wanted = [_plain(name) for name in header]
    if plain == wanted:
        return RejectedRow(
            "repeated_header", "the header again, as after files were joined; remove this line"
        )
    if sorted(plain) != sorted(wanted):
        return None
    message = "the header again with its columns in another order; put the columns of both files in one order"
    raise _wrong(source, record, message, reasons.ROWS_UNDECIDABLE)


def _plain(name: str) -> str:
    """A name without what people do not see: case, white space and quotes around it, invisible signs."""
    seen = "".join(letter for letter in name if category(letter) != "Cf")
    return seen.strip(_AROUND).casefold()


def _text(value: str) -> str:
    """Latin-1 text as the bytes that it stands for, were they UTF-8 or not."""
    return value.encode("latin-1").decode(errors="replace")


def _named(values: Iterable[str]) -> list[str]:
    """Columns without a name get one."""
    return [value or f"(column {number})" for number, value in enumerate(values, 1)]


def _names(source: Source, record: RawRecord) -> list[str]:
    text = decode(b"".join(record.data))
    for fault in (record.values, text):
        if isinstance(fault, RejectedRow):
            raise _wrong(source, record, f"the CSV header cannot be read: {fault.text}")
    if not is_regular(record) or not isinstance(record.values, list):
        raise _wrong(source, record, "the CSV header has a stray double quote")
    return _named(_text(value) for value in record.values)


def _guess(names: Sequence[str], missing: Sequence[str]) -> tuple[Reason, str]:
    """The likely cause, and the reason whose next step fits it."""
    head = names[0]
    if len(names) == 1:
        for letter, word in _DELIMITERS.items():
            if letter in head:
                cause = f"The file separates values with {word}, not commas: export it again with commas"
                return reasons.FORMAT_UNSUPPORTED, cause
    plain = {name.strip().casefold(): name for name in names}
    alike = [plain[name.casefold()] for name in missing if name.casefold() in plain]
    if alike:
        return reasons.COLUMNS_NOT_FOUND, f"Only case or spaces differ: {_list(alike)}"
    return reasons.COLUMNS_NOT_FOUND, "If the first line is a row already, add a header line"


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} column{'' if len(names) == 1 else 's'}"


def _list(names: Sequence[str]) -> str:
    told = ", ".join(found(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{told} and {more} more" if more > 0 else told


def _wrong(
    source: Source, record: RawRecord, message: str, reason: Reason = reasons.COLUMNS_NOT_FOUND
) -> InputWrong:
    return InputWrong(reason, f"{place(source, record.line)}: {message}")
