"""The header of a CSV file: names of columns, and what is amiss when a wanted one is not there."""

import csv
import re
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

_DELIMITERS: Final = {
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    "\uff0c": "full-width commas",
    ":": "colons",
    "^": "carets",
}
_FIRST_LINE: Final = (
    "The first line must be the header: remove the lines above it, or add a header line if there is none"
)
_INVISIBLE: Final = re.compile("[\u00a0\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_MOST_NAMES: Final = 8
_AROUND: Final = " \t\r\n\u00a0'\"\u201c\u201d"
"""White space and quotes that may stand around a name."""


def read_header(source: Source, record: RawRecord, wanted: Collection[str]) -> list[str]:
    """Names of all columns, each once. Raises InputWrong(COLUMNS_NOT_FOUND)."""
    names = _names(source, record, wanted)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"the CSV header names a column twice: {_list(twice)}; each column needs a name of its own"
        raise _wrong(source, record, message)
    missing = [name for name in wanted if name not in names]
    if missing:
        found_names = f"the CSV header has {_count(names)}: {_list(names)}"
        message = f"{found_names}; wanted: {_list(tuple(wanted))}, missing: {_list(missing)}"
        reason, cause = _guess(names, missing, _decoded(record))
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


def _unreadable(source: Source, record: RawRecord, wanted: Collection[str], fault: str) -> InputWrong:
    """The refusal of a header that is none with commas; it may be one with another delimiter."""
    message = f"the CSV header {fault}"
    if (cause := _delimiter(_decoded(record), wanted)) is None:
        return _wrong(source, record, message)
    return _wrong(source, record, f"{message}. {cause}", reasons.FORMAT_UNSUPPORTED)


def _decoded(record: RawRecord) -> str:
    return b"".join(record.data).decode(errors="replace")


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


def _names(source: Source, record: RawRecord, wanted: Collection[str]) -> list[str]:
    text = decode(b"".join(record.data))
    for fault in (record.values, text):
        if isinstance(fault, RejectedRow):
            raise _unreadable(source, record, wanted, f"cannot be read: {fault.text}")
    if not is_regular(record) or not isinstance(record.values, list):
        raise _unreadable(source, record, wanted, "has a stray double quote")
    return _named(_text(value) for value in record.values)


def _guess(names: Sequence[str], missing: Sequence[str], text: str) -> tuple[Reason, str]:
    """The likely cause, and the reason whose next step fits it."""
    if (cause := _delimiter(text, missing)) is not None:
        return reasons.FORMAT_UNSUPPORTED, cause
    plain = {_plain(name): name for name in names}
    alike = [plain[_plain(name)] for name in missing if _plain(name) in plain]
    if alike:
        cause = f"Only case, spaces, quotes or invisible signs differ: {_list(alike)}"
        return reasons.COLUMNS_NOT_FOUND, cause
    return reasons.COLUMNS_NOT_FOUND, _FIRST_LINE


def _delimiter(text: str, wanted: Collection[str]) -> str | None:
    """What separates the names in place of a comma alone, told by a wanted name that stands between two."""
    for letter, word in _DELIMITERS.items():
        names = {_plain(name) for name in _split(text, letter)}
        if letter in text and (len(names) > 1 and any(_plain(name) in names for name in wanted)):
            return f"The file separates values with {word}, not commas: export it again with commas"
    if ', "' in text and set(wanted) <= set(_split(text, ",", spaces=True)):
        return "Spaces stand between commas and quotes: remove the spaces after commas"
    return None


def _split(text: str, delimiter: str, *, spaces: bool = False) -> list[str]:
    """The names with another delimiter; none when they cannot be read so."""
    try:
        return next(csv.reader([text], delimiter=delimiter, skipinitialspace=spaces, strict=True), [])
    except csv.Error:
        return []


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} column{'' if len(names) == 1 else 's'}"


def _list(names: Sequence[str]) -> str:
    told = ", ".join(_shown(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{told} and {more} more" if more > 0 else told


def _shown(name: str) -> str:
    """A name with its invisible signs written out."""
    return _INVISIBLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", found(name))


def _wrong(
    source: Source, record: RawRecord, message: str, reason: Reason = reasons.COLUMNS_NOT_FOUND
) -> InputWrong:
    return InputWrong(reason, f"{place(source, record.line)}: {message}")
