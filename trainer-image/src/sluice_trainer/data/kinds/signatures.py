"""Binary formats by the bytes that each begins with."""

import tarfile
from typing import Final

from sluice_trainer.data.kinds.kind import Kind

_UNPACK: Final = "unpack it and give the file of rows"
_OTHER_FILE: Final = "give the file of rows instead"
_TENSORS: Final = "rows of text do not come as tensors; give the file that they were made from"
_TABLE: Final = "convert it: duckdb -c \"copy 'FILE' to 'rows.jsonl' (format json)\""
_FRAME: Final = (
    "convert it with pandas: to_json('rows.jsonl', orient='records', lines=True, force_ascii=False)"
)
_ZLIB: Final = (
    "decompress it: python3 -c 'import sys, zlib;"
    " sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))' < FILE > rows"
)
_SHEET: Final = 'save the sheet as "CSV UTF-8"'

_SIGNATURES: Final = (
    (0, b"\x1f\x8b", Kind("compressed with gzip", "decompress it: gunzip FILE")),
    (0, b"\x28\xb5\x2f\xfd", Kind("compressed with Zstandard", "decompress it: zstd -d FILE")),
    (0, b"\xfd7zXZ\0", Kind("compressed with xz", "decompress it: unxz FILE")),
    (0, b"\x04\x22\x4d\x18", Kind("compressed with LZ4", "decompress it: lz4 -d FILE")),
    (0, b"\xff\x06\0\0sNaPpY", Kind("compressed with Snappy", "decompress it")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("a 7-Zip archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", Kind("a RAR archive", _UNPACK)),
    (0, b"PAR1", Kind("a Parquet file", _TABLE)),
    (0, b"PARE", Kind("an encrypted Parquet file", "decrypt it and write JSON Lines")),
    (0, b"ARROW1", Kind("an Arrow IPC (Feather) file", _FRAME)),
    (0, b"FEA1", Kind("a Feather file", _FRAME)),
    (0, b"\xff\xff\xff\xff", Kind("an Arrow IPC stream", _FRAME)),
    (0, b"Obj\x01", Kind("an Avro file", "convert it: avro-tools tojson FILE > rows.jsonl")),
    (0, b"%PDF-", Kind("a PDF document", _OTHER_FILE)),
    (0, b"%!PS", Kind("a PostScript document", _OTHER_FILE)),
    (0, b"{\\rtf", Kind("an RTF document", _OTHER_FILE)),
    (0, b"\x89PNG\r\n", Kind("a PNG image", _OTHER_FILE)),
    (0, b"\xff\xd8\xff", Kind("a JPEG image", _OTHER_FILE)),
    (0, b"GIF8", Kind("a GIF image", _OTHER_FILE)),
    (0, b"II*\0", Kind("a TIFF image", _OTHER_FILE)),
    (0, b"MM\0*", Kind("a TIFF image", _OTHER_FILE)),
    (0, b"ID3\x03", Kind("an MP3 file", _OTHER_FILE)),
    (0, b"ID3\x04", Kind("an MP3 file", _OTHER_FILE)),
    (0, b"\x93NUMPY", Kind("a NumPy array (.npy)", _TENSORS)),
    (0, b"GGUF", Kind("a GGUF model", _TENSORS)),
    (0, b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", _FRAME)),
    (0, b"CDF\x01", Kind("a NetCDF file", _OTHER_FILE)),
    (0, b"MATLAB 5.0 MAT", Kind("a MATLAB file", _OTHER_FILE)),
    (
        0,
        b"SQLite format 3\0",
        Kind("an SQLite database", "export a table: sqlite3 -header -csv FILE 'select ...'"),
    ),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office file, such as Excel .xls", _SHEET)),
    (0, b"\x7fELF", Kind("a program (ELF)", _OTHER_FILE)),
    (0, b"\xca\xfe\xba\xbe", Kind("a program (Java or macOS)", _OTHER_FILE)),
    (0, b"\0asm", Kind("a WebAssembly program", _OTHER_FILE)),
)
_IF_BINARY: Final = (
    (0, b"BZh", Kind("compressed with bzip2", "decompress it: bunzip2 FILE")),
    *(
        (
            0,
            b"\x78" + level,
            Kind("compressed with zlib", _ZLIB),
        )
        for level in (b"\x01", b"\x5e", b"\x9c", b"\xda")
    ),
    (0, b"ORC", Kind("an ORC file", _FRAME)),
    (0, b"RIFF", Kind("a RIFF file, such as WebP or WAV", _OTHER_FILE)),
    (0, b"OggS", Kind("an Ogg file", _OTHER_FILE)),
    (0, b"fLaC", Kind("a FLAC file", _OTHER_FILE)),
    (4, b"ftyp", Kind("an MP4 file", _OTHER_FILE)),
    (8, b"DUCK", Kind("a DuckDB database", "export a table: duckdb FILE -c \"copy T to 'rows.jsonl'\"")),
    (0, b"MZ", Kind("a program (Windows)", _OTHER_FILE)),
)
"""Signatures that a text may begin with as well, such as a column ORCID."""
_MOST_TENSOR_HEADER: Final = 100_000_000
"""Most bytes of the header of a safetensors file; first bytes of text are far more as a number."""
_PROBE: Final = 1024
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_NAME: Final = 30
"""Where the name of the first entry begins."""
_IN_ZIP: Final = (
    (b"[Content_Types].xml", Kind("an Office document, such as Excel .xlsx", _SHEET)),
    (b"mimetype", Kind("an OpenDocument or EPUB file", _SHEET)),
    (b".npy", Kind("an archive of NumPy arrays (.npz)", _TENSORS)),
    (b"/data.pkl", Kind("a PyTorch file", _TENSORS)),
)


def binary_format(head: bytes) -> Kind | None:
    """The binary format of a file; None when its first bytes are those of none that is known."""
    known = (*_SIGNATURES, *(() if _is_text(head[:_PROBE]) else _IF_BINARY))
    for offset, signature, kind in known:
        if head.startswith(signature, offset):
            return kind
    if head.startswith(_ZIP):
        entry = head[_ZIP_NAME : _ZIP_NAME + 200]
        return next((kind for name, kind in _IN_ZIP if name in entry), Kind("a ZIP archive", _UNPACK))
    if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= _MOST_TENSOR_HEADER:
        return Kind("a safetensors file", _TENSORS)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return Kind(
            "a Python pickle, which is never loaded because it can run code", "write JSON Lines instead"
        )
    return Kind("a tar archive", _UNPACK) if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "replace")
    except tarfile.HeaderError:
        return False
    return True


def _is_text(head: bytes) -> bool:
    return not any(byte < 32 and byte not in b"\t\n\r" for byte in head)
