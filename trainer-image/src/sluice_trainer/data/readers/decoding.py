"""Bytes of one row as text. What is wrong with them rejects this row and no other."""

from typing import Final

from sluice_trainer.data.readers.record import MAX_ROW_BYTES
from sluice_trainer.data.rejected import RejectedRow

TOO_LONG: Final = RejectedRow("row_too_long", f"is longer than {MAX_ROW_BYTES} bytes")


def decode(data: bytes) -> str | RejectedRow:
    """The text, or why there is none."""
    if b"\0" in data:
        return RejectedRow("nul_byte", f"holds a NUL byte, byte {data.index(0) + 1} of the row")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return RejectedRow(
            "not_utf8",
            f"byte {error.start + 1} of the row, 0x{data[error.start]:02x}, is not UTF-8; save it as UTF-8",
        )
