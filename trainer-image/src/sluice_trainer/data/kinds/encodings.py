"""Text in another encoding than UTF-8, and bytes that are no text."""

import re
from codecs import getincrementaldecoder
from collections.abc import Sequence
from typing import Final
from unicodedata import category

from sluice_trainer.data.kinds.kind import Kind

BOM: Final = b"\xef\xbb\xbf"
"""Byte order mark of UTF-8. At the start of a file it is no content."""
_MARKS: Final = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_UNITS: Final = (("UTF-32LE", 4, 0), ("UTF-32BE", 4, 3), ("UTF-16LE", 2, 0), ("UTF-16BE", 2, 1))
"""Bytes per ASCII character, and which of them is not zero."""
_PROBE: Final = 64
_LONG_PROBE: Final = 4096
_FEWEST_LETTERS: Final = 8
_MARKS_OF_ROWS: Final = frozenset(',;"{\t\n')
_NO_LETTERS: Final = ("Cc", "Cn", "Co", "Cs")
_FEWEST_ASCII: Final = 1 / 8
_SURE_LINES: Final = 3
"""From so many lines on that are not UTF-8, with none that is, it is the file and not a row."""
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\x0b\x0c\x1b\x1e")
_RUNS: Final = re.compile(r"[^\x00-\x7f]{3,}")
"""Many of these are words of another script."""
_ODD: Final = re.compile(r"(?<=[a-zß-ÿšœž])[À-ÞŠŒŽŸ¡-¶¸-¿ˆ‰™†‡¢£¥€](?=[a-zß-ÿšœž])")
"""Capitals and signs inside words."""
_EBCDIC_PLAIN: Final = frozenset("\n\r\x85\t")


def other_encoding(head: bytes) -> Kind | None:
    """What the first bytes are encoded in; None when they may be UTF-8 with single damaged rows."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _convert(f"text in {name}", name)
    for name, width, place in _UNITS:
        if _is_wide(head[:_PROBE], width, place) or (width == 2 and _is_utf16(head[:_LONG_PROBE], name)):
            return _convert(f"text in {name} without a byte order mark", name)
    *lines, last = head.split(b"\n")
    first = next((line for line in lines if line.strip()), last)
    if _is_ebcdic(first):
        return _convert("text in EBCDIC", "IBM037")
    if (kind := _no_text(first)) is not None:
        return kind
    # The head may end in the middle of a character.
    if not _is_utf8(first, cut=not lines) or _is_foreign(lines):
        return _eight_bit([*lines, first])
    return None


def _convert(what: str, name: str) -> Kind:
    return Kind(what, f"convert it: iconv -f {name} -t UTF-8 FILE > rows")


def _is_wide(probe: bytes, width: int, place: int) -> bool:
    """Whether the first characters are ASCII with zeros around them."""
    units = [probe[i : i + width] for i in range(0, len(probe) - width + 1, width)]
    plain = [0 < unit[place] < 128 and sum(unit) == unit[place] for unit in units]
    return len(units) > 1 and all(plain[:2]) and sum(plain) >= _FEWEST_ASCII * len(units)


def _is_utf16(probe: bytes, name: str) -> bool:
    """Whether bytes with zeros among them are assigned characters and some of them ASCII."""
    if b"\0" not in probe:
        return False
    try:
        text = getincrementaldecoder(name)().decode(probe)
    except UnicodeDecodeError:
        return False
    if len(text) < _FEWEST_LETTERS or not any(letter in _MARKS_OF_ROWS for letter in text):
        return False
    return all(letter in "\t\r\n" or category(letter) not in _NO_LETTERS for letter in text)


def _no_text(line: bytes) -> Kind | None:
    if b"\0" in line:
        cause = "as after an upload that was cut off; upload it again"
        return Kind(
            "binary data: its first line holds NUL bytes", f"give the file of rows; NUL bytes come {cause}"
        )
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in line):
        return Kind("binary data: its first line holds control characters", "give the file of rows instead")
    return None


def _is_utf8(line: bytes, *, cut: bool = False) -> bool:
    try:
        getincrementaldecoder("utf-8")().decode(line, final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def _is_foreign(lines: Sequence[bytes]) -> bool:
    """Whether all lines that are not ASCII are in another encoding, and these are not only a few."""
    foreign = [line for line in lines if not line.isascii()]
    return len(foreign) >= _SURE_LINES and not any(_is_utf8(line) for line in foreign)


def _eight_bit(lines: Sequence[bytes]) -> Kind:
    if not _is_western(b"\n".join(lines)):
        return Kind(
            "text that is not UTF-8 and no Western encoding",
            "convert it from the encoding that it was written in: iconv -f ENCODING -t UTF-8 FILE > rows",
        )
    windows = any(0x80 <= byte <= 0x9F for line in lines for byte in line)
    word = "Windows-1252" if windows else "Latin-1"
    name = "WINDOWS-1252" if windows else "ISO-8859-1"
    return _convert(f"text that is not UTF-8, most likely {word}", name)


def _is_western(data: bytes) -> bool:
    """Whether bytes above ASCII are accents and signs of Western text, not whole words or halves of signs."""
    text = data.decode("cp1252", "replace")
    runs = sum(len(run) for run in _RUNS.findall(text))
    odd = len(_ODD.findall(text)) + text.count("\ufffd")
    return 4 * (runs + odd) <= sum(letter > "\x7f" for letter in text)


def _is_ebcdic(line: bytes) -> bool:
    """Whether the line is plain text in EBCDIC and is none in ASCII."""
    plain = sum(32 <= byte < 127 for byte in line)
    if len(line) < 2 or 2 * plain > len(line):
        return False
    text = line.decode("cp037")
    return all(" " <= letter <= "~" or letter in _EBCDIC_PLAIN for letter in text)
