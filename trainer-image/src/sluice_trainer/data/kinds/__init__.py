"""What a file is, by its first bytes: found out before it is read, so that no row is guessed from it.

Each module knows one sort of files: `signatures` binary formats, `encodings` text that is not UTF-8,
`markup` other text formats, `jsonforms` JSON that is not one value a line. `endings` knows names of files.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import MAPPED_COLUMNS, Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.kinds.encodings import BOM, other_encoding
from sluice_trainer.data.kinds.jsonforms import other_json
from sluice_trainer.data.kinds.kind import Kind
from sluice_trainer.data.kinds.markup import other_text
from sluice_trainer.data.kinds.signatures import binary_format
from sluice_trainer.data.naming import place

HEAD_BYTES: Final = 64 * 1024
"""How much of a file is looked at."""
_WORDS: Final = {"JSONL": "JSON Lines in UTF-8", "CSV": "CSV in UTF-8"}


def check_kind(path: Path, source: Source, format_: str) -> None:
    """Raise InputWrong unless the file may be of the format. Single rows are the reader's question."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b" \t\r\n"):
        _check_blank(path, source)
        return
    columns = [source.column(role) for role in MAPPED_COLUMNS[source.mapper]]
    kind = identify(head, path.stat().st_size, format_, columns)
    if kind is not None:
        raise InputWrong(
            reasons.FORMAT_UNSUPPORTED,
            f"{place(source)}: the file is {kind.what}, wanted {_WORDS[format_]}; {kind.advice}",
        )


def identify(head: bytes, size: int, format_: str, columns: Collection[str] = ()) -> Kind | None:
    """What a file is instead of JSONL or CSV; None when it may be of that format.

    `columns` are those that every row of the file needs.
    """
    found = binary_format(head) or other_encoding(head)
    if found is not None:
        return found
    text = head.removeprefix(BOM).decode("utf-8", "replace").lstrip("\n\r\t ")
    return other_text(text, format_) or other_json(
        text, format_, whole=len(head) == size, columns=columns if format_ == "JSONL" else ()
    )


def _check_blank(path: Path, source: Source) -> None:
    """A file without anything but white space has no rows."""
    with path.open("rb") as file:
        while chunk := file.read(HEAD_BYTES):
            if chunk.strip(b" \t\r\n"):
                return
    raise InputWrong(reasons.SOURCE_EMPTY, f"{place(source)}: the file holds nothing but white space")
