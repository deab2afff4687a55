"""What a file is, by its first bytes: each kind is refused whole with its own sentence, and rows are read."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest
import safetensors.numpy

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.kinds import HEAD_BYTES, check_kind, identify
from sluice_trainer.data.readers import format_of

ROWS = [{"text": f"ticket {i} about an order", "label": ("billing", "shipping")[i % 2]} for i in range(21)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
CSV = "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in ROWS)
TABLE = pa.Table.from_pylist(ROWS)


def _written(write: object, *more: object) -> bytes:
    buffer = io.BytesIO()
    write(*more, buffer)  # type: ignore[operator]
    return buffer.getvalue()


def _zip(**entries: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return buffer.getvalue()


def _tar(kind: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        info = tarfile.TarInfo("rows.jsonl")
        info.size = len(JSONL)
        archive.addfile(info, io.BytesIO(JSONL.encode()))
    return buffer.getvalue()


def _sqlite() -> bytes:
    with sqlite3.connect(":memory:") as base:
        base.execute("create table rows (text, label)")
        return base.serialize()


def _arrow_stream() -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return buffer.getvalue()


HEADER = {"text": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
ANYTHING = {
    "UTF-16": (JSONL.encode("utf-16"), "text in UTF-16,"),
    "UTF-16 LE without mark": (JSONL.encode("utf-16-le"), "text in UTF-16LE without a byte order mark"),
    "UTF-16 BE without mark": (CSV.encode("utf-16-be"), "text in UTF-16BE without a byte order mark"),
    "UTF-16 in Chinese": (('{"t": "' + "订单" * 90).encode("utf-16-le"), "text in UTF-16LE"),
    "UTF-32": (JSONL.encode("utf-32"), "text in UTF-32,"),
    "UTF-32 BE": (b"\0\0\xfe\xff" + JSONL.encode("utf-32-be"), "text in UTF-32,"),
    "UTF-32 LE without mark": (CSV.encode("utf-32-le"), "text in UTF-32LE without a byte order mark"),
    "UTF-32 BE without mark": (JSONL.encode("utf-32-be"), "text in UTF-32BE without a byte order mark"),
    "Latin-1": (JSONL.replace("order", "thé").encode("latin-1"), "most likely Latin-1"),
    "Latin-1 after some rows": (
        (JSONL + CSV.replace("order", "thé")).encode("latin-1"),
        "most likely Latin-1",
    ),
    "Windows-1252": (CSV.replace("text", "“text”").encode("cp1252"), "most likely Windows-1252"),
    "EBCDIC": (JSONL.encode("cp037"), "text in EBCDIC"),
    "gzip": (gzip.compress(JSONL.encode()), "compressed with gzip"),
    "Zstandard": (b"\x28\xb5\x2f\xfd" + JSONL.encode(), "compressed with Zstandard"),
    "bzip2": (bz2.compress(JSONL.encode()), "compressed with bzip2"),
    "xz": (lzma.compress(JSONL.encode()), "compressed with xz"),
    "LZ4": (b"\x04\x22\x4d\x18\x64\x40\xa7", "compressed with LZ4"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive"),
    "RAR": (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
    "zip": (_zip(rows_DOT_jsonl=JSONL), "a ZIP archive"),
    "empty zip": (_zip(), "a ZIP archive"),
    "xlsx": (_zip(**{"[Content_Types]_DOT_xml": "<Types/>", "xl__workbook_DOT_xml": ""}), "Excel .xlsx"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "Excel .xls"),
    "OpenDocument": (_zip(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument"),
    "tar": (_tar(tarfile.GNU_FORMAT), "a tar archive"),
    "pax tar": (_tar(tarfile.PAX_FORMAT), "a tar archive"),
    "Parquet": (_written(pa.parquet.write_table, TABLE), "a Parquet file"),
    "Feather": (_written(pa.feather.write_feather, TABLE), "an Arrow IPC (Feather) file"),
    "Arrow stream": (_arrow_stream(), "an Arrow IPC stream"),
    "ORC": (_written(pa.orc.write_table, TABLE), "an ORC file"),
    "Avro": (b"Obj\x01\x04\x16avro.schema", "an Avro file"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "GIF": (b"GIF89a\x01\0", "a GIF image"),
    "WAV": (b"RIFF\x24\0\0\0WAVE", "a RIFF file"),
    "MP4": (b"\0\0\0 ftypisom", "an MP4 file"),
    "npy": (_written(lambda b: np.save(b, np.zeros(3))), "a NumPy array"),
    "npz": (_written(lambda b: np.savez(b, a=np.zeros(3))), "NumPy arrays (.npz)"),
    "safetensors": (safetensors.numpy.save({"a": np.zeros(3)}), "a safetensors file"),
    "PyTorch": (_zip(archive__data_DOT_pkl=""), "a PyTorch file"),
    "GGUF": (b"GGUF\x03\0\0\0", "a GGUF model"),
    "pickle": (pickle.dumps(ROWS), "a Python pickle, which is never loaded"),
    "SQLite": (_sqlite(), "an SQLite database"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file"),
    "a program": (b"\x7fELF\x02\x01\x01", "a program"),
    "binary": (struct.pack("<8I", *range(1000, 1008)) + b"\n", "binary data: its first line holds NUL"),
    "zeros": (b"\0" * 5000 + JSONL.encode(), "binary data: its first line holds NUL bytes"),
    "control characters": (b"\x01\x02\x03 text\n" + JSONL.encode(), "holds control characters"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><head><title>403</title>", "an HTML page, wanted"),
    "S3 error": (
        b'<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>',
        "an error document in XML with code NoSuchKey",
    ),
    "XML": (b"<rows><row><text>a</text></row></rows>", "XML"),
    "YAML": (b"---\n- text: a\n  label: b\n", "YAML"),
    "YAML without start": (b"rows:\n  - text: a\n", "YAML"),
    "TOML": (b'[[rows]]\ntext = "a"\n', "TOML"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n", "a Git LFS pointer"),
    "server-sent events": (b'data: {"text": "a"}\n\ndata: [DONE]\n', "a stream of server-sent events"),
    "PEM": (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "a PEM file"),
    "Base64": (b"eyJ0ZXh0IjogImEifQpleUowWlhoMElqb2dJbUVpZlFwbGVVb3daWGgwSWpvZ0lt\n" * 3, "text in Base64"),
    "a script": (b"#!/bin/sh\necho rows\n", "a script"),
    "a terminal": (b"ann@host:~/data$ cat rows.jsonl\n", "the output of a terminal"),
    "JSON text sequence": (b'\x1e{"text": "a"}\n', "a JSON text sequence"),
    "JSON array": (json.dumps(ROWS).encode(), "one JSON array"),
    "JSON array over lines": (
        b"[\n" + b",\n".join(json.dumps(r).encode() for r in ROWS) + b"\n]",
        "one JSON array",
    ),
    "indented JSON": (json.dumps(ROWS[0], indent=2).encode() * 3, "JSON with values over several lines"),
    "indented array": (json.dumps(ROWS, indent=2).encode(), "one JSON array"),
    "joined JSON": (JSONL.replace("\n", "").encode(), "JSON objects without line breaks"),
    "JSON with commas": (JSONL.replace("\n", ",\n").encode(), "JSON objects with commas"),
    "Python dictionaries": ("\n".join(map(repr, ROWS)).encode(), "Python dictionaries"),
    "a notebook": (json.dumps({"cells": [], "nbformat": 4}, indent=1).encode(), "a Jupyter notebook"),
    "CR alone": (JSONL.replace("\n", "\r").encode(), "a carriage return alone"),
}
AS_JSONL = {
    "CSV": (CSV.encode(), "CSV, wanted JSON Lines"),
    "quoted CSV": (b'"text","label"\n"a, b","x"\n', "CSV, wanted JSON Lines"),
    "TSV": (CSV.replace(",", "\t").encode(), "a table with tabs"),
}
AS_CSV = {
    "JSONL": (JSONL.encode(), "JSON Lines, wanted CSV"),
    "Excel's hint": (b"sep=,\ntext,label\na,b\n", "CSV with Excel's sep= line"),
    "CSV with CR": (CSV.replace("\n", "\r").encode(), "a carriage return alone"),
}
CASES = [
    *((name, data, told, format_) for name, (data, told) in ANYTHING.items() for format_ in ("JSONL", "CSV")),
    *((name, *case, "JSONL") for name, case in AS_JSONL.items()),
    *((name, *case, "CSV") for name, case in AS_CSV.items()),
]


@pytest.mark.parametrize(("name", "data", "told", "format_"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_a_file_of_another_kind_is_refused_with_its_own_sentence(
    tmp_path: Path, name: str, data: bytes, told: str, format_: str
) -> None:
    path = tmp_path / name.replace("/", "")
    path.write_bytes(data)
    source = Source(name="rows", locator="s3://bucket/rows.jsonl", mapper="ChatMessages")
    with pytest.raises(InputWrong) as caught:
        check_kind(path, source, format_)
    assert caught.value.reason == reasons.FORMAT_UNSUPPORTED
    assert caught.value.message.startswith("source rows (rows.jsonl): the file is ")
    assert told in caught.value.message
    assert len(caught.value.message) < 350


def test_at_least_thirty_kinds_have_sentences_of_their_own() -> None:
    kinds = {identify(data, len(data), format_) for _, data, _, format_ in CASES}
    assert len(kinds) > 50


@pytest.mark.parametrize(
    "text",
    [
        JSONL,
        "\ufeff" + JSONL,
        "\n\n" + JSONL.replace("\n", "\r\n"),
        '{"text": "[1] ünï 漢字"}\n{"tex\n',
        '{"text": "cut off\n' + JSONL,
        '{"text": "' + "long " * HEAD_BYTES + '"}\n' + JSONL,
        '{"text": "' + "漢" * HEAD_BYTES,
        "nonsense\n" + JSONL,
        "# a comment\n" + JSONL,
        "[1, 2]\n" + JSONL,
        "null\n" + JSONL,
        JSONL + "\x00\x01\n",
    ],
)
def test_json_lines_are_read_whatever_single_rows_are(text: str) -> None:
    data = text.encode()
    assert identify(data[:HEAD_BYTES], len(data), "JSONL") is None


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "\ufeff" + CSV.replace("\n", "\r\n"),
        "ORCID,label\nx,y\n",
        "BZh,label\nx,y\n",
        "MZ,data: x,id\nx,y,z\n",
        '"a\rb",label\nx,y\n',
        "text;label\nx;y\n",
        "label\n",
    ],
)
def test_csv_is_read_whatever_its_columns_are_called(text: str) -> None:
    data = text.encode()
    assert identify(data, len(data), "CSV") is None


def test_one_row_in_another_encoding_is_that_rows_fault() -> None:
    data = JSONL.encode() + b'{"text": "th\xe9"}\n{"text": "th\xe9"}\n' + JSONL.encode()
    assert identify(data, len(data), "JSONL") is None
    data += '{"text": "thé"}\n'.encode() + b'{"text": "th\xe9"}\n' * 9
    assert identify(data, len(data), "JSONL") is None


@pytest.mark.parametrize("blank", [b"\n", b" \r\n\t" * HEAD_BYTES])
def test_a_file_of_white_space_has_no_rows(tmp_path: Path, blank: bytes) -> None:
    path = tmp_path / "rows"
    path.write_bytes(blank)
    source = Source(name="rows", locator="s3://bucket/rows.jsonl", mapper="ChatMessages")
    with pytest.raises(InputWrong, match="nothing but white space") as caught:
        check_kind(path, source, "JSONL")
    assert caught.value.reason == reasons.SOURCE_EMPTY


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("jsonl.gz", "gunzip"),
        ("parquet", "duckdb"),
        ("json", "jq -c"),
        ("tsv", "duckdb"),
        ("csv.zst", "zstd -d"),
        ("xlsx", "CSV UTF-8"),
        ("PARQUET", "duckdb"),
    ],
)
def test_a_name_that_says_another_format_is_refused_once_and_rightly(ending: str, told: str) -> None:
    source = Source(name="rows", locator=f"s3://bucket/rows.{ending}", mapper="ChatMessages")
    with pytest.raises(InputWrong, match=told) as caught:
        format_of(source)
    assert caught.value.reason == reasons.FORMAT_UNSUPPORTED
    assert "are not read yet" in caught.value.message
