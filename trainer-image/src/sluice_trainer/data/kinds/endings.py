"""Files whose names say that they are of a format that is not read yet."""

from typing import Final

from sluice_trainer.data.kinds.kind import Kind

_TABLE: Final = "duckdb -c \"copy 'FILE' to 'rows.jsonl' (format json)\""

ENDINGS: Final = {
    ".gz": Kind("compressed files", "decompress it: gunzip FILE"),
    ".bz2": Kind("compressed files", "decompress it: bunzip2 FILE"),
    ".xz": Kind("compressed files", "decompress it: unxz FILE"),
    ".zst": Kind("compressed files", "decompress it: zstd -d FILE"),
    ".zip": Kind("archives", "unpack it and give the file of rows"),
    ".tar": Kind("archives", "unpack it and give the file of rows"),
    ".tgz": Kind("archives", "unpack it and give the file of rows"),
    ".parquet": Kind("Parquet files", f"convert it: {_TABLE}"),
    ".arrow": Kind("Arrow files", "convert it to JSON Lines, for example with pandas"),
    ".feather": Kind("Feather files", "convert it to JSON Lines, for example with pandas"),
    ".json": Kind(
        "JSON files with one array or object",
        "write one object a line: jq -c '.[]' FILE > rows.jsonl; if it is JSON Lines, set format to JSONL",
    ),
    ".tsv": Kind("files with tabs between values", f"convert it: {_TABLE}"),
    ".xlsx": Kind("Excel files", 'save the sheet as "CSV UTF-8"'),
    ".xls": Kind("Excel files", 'save the sheet as "CSV UTF-8"'),
    ".txt": Kind("plain text files", "if its lines are JSON or CSV, set format to JSONL or CSV"),
}
"""Ending of a locator -> what such files are, and how to convert one."""
