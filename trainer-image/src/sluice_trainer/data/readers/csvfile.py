"""CSV with a header line, RFC 4180: comma, double quotes, quoted line breaks. Values are strings.

Bytes are split into records first and decoded record by record afterwards, so that a byte that is no text
never moves a quote. Where the quotes leave open on which line a row ends, the whole file is refused.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sluice_api.datasetpack import Source
from sluice_trainer.data.readers.csvsplit import STRAY_QUOTE, RawRecord, split_records
from sluice_trainer.data.readers.decoding import decode
from sluice_trainer.data.readers.header import header_again, read_header
from sluice_trainer.data.readers.quotes import Quotes, is_regular
from sluice_trainer.data.readers.record import NoRow, Record
from sluice_trainer.data.rejected import RejectedRow


def read_csv(path: Path, source: Source, wanted: Collection[str]) -> Iterator[Record]:
    """All records of a file. Raises InputWrong when the header lacks a column, or quotes are unusable."""
    records = split_records(path, source)
    header: list[str] = []
    for record in records:
        if not _is_blank(record, 2):
            header = read_header(source, record, wanted)
            yield Record(record.line, NoRow.HEADER, record.lines)
            break
        yield Record(record.line, NoRow.BLANK)
    quotes = Quotes(source, len(header))
    for record in records:
        if (again := header_again(source, record, header)) is not None:
            yield Record(record.line, again, record.lines)
            continue
        regular = is_regular(record)
        quotes.see(record, regular=regular)
        yield Record(record.line, _value(record, header, regular=regular), record.lines)
    quotes.decide()


def _is_blank(record: RawRecord, width: int) -> bool:
    """Whether a line holds no row, as the `,,` of a spreadsheet. Of one column, white space is a value."""
    if record.lines > 1 or isinstance(record.values, RejectedRow):
        return False
    return not record.values or (width > 1 and not any(value.strip() for value in record.values))


def _value(record: RawRecord, header: list[str], *, regular: bool) -> Any:
    if _is_blank(record, len(header)):
        return NoRow.BLANK
    if isinstance(record.values, RejectedRow):
        return record.values
    if not regular:
        return STRAY_QUOTE
    text = decode(b"".join(record.data))
    if isinstance(text, RejectedRow):
        return text
    if len(record.values) != len(header):
        return RejectedRow("ragged_row", f"{len(record.values)} values for {len(header)} columns")
    return dict(zip(header, map(_utf8, record.values), strict=True))


def _utf8(value: str) -> str:
    """Latin-1 text back to its bytes, which were proven to be UTF-8 together."""
    return value if value.isascii() else value.encode("latin-1").decode()
