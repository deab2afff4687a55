"""Text formats other than JSON Lines and CSV, by their first lines."""

import re
from typing import Final

from sluice_trainer.data.kinds.kind import Kind

_DOWNLOAD: Final = "most likely an error or login page; give the address of the file itself"
_ERROR_CODE: Final = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_HTML: Final = r"(?i)<!doctype html|<(html|head|body|title|script)\b"
_SAID: Final = (
    "(access denied|(entry|repository|page|file) not found|not found|unauthorized|forbidden|bad gateway"
    "|service unavailable|gateway time-?out|internal server error|too many requests"
    "|invalid username or password|no such file or directory)"
)
_ERROR: Final = (
    r"(?i)AccessDenied\b|curl: \(\d|wget: |upstream connect error|[45]\d\d:? [a-z ]+[.!]?\s*$"
    r"|(unauthorized|forbidden|access denied|not found): [^\n{]+\s*$"
    rf"|{_SAID}[.!]?\s*$"
)
"""What stores, hubs and download tools write in place of a file."""
_KEY: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_MESSAGE: Final = Kind("an error message", "correct the locator or its access, and fetch the file again")

_FORMATS: Final = (
    (
        r"version https://git-lfs\.",
        Kind("a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"),
    ),
    (r"/annex/objects/|\.git/annex/", Kind("a git-annex pointer, not the file itself", "run git annex get")),
    (_HTML, Kind("an HTML page", _DOWNLOAD)),
    (_ERROR, _MESSAGE),
    (
        r"Traceback \(most recent call last\):|Exception in thread \"",
        Kind("a stack trace", "give the file of rows"),
    ),
    (r"```", Kind("text in a Markdown fence", "remove the lines with ```")),
    (r"<<<<<<< ", Kind("a file with an open Git merge conflict", "resolve the conflict")),
    (r"HTTP/[0-9.]+ [0-9]{3}", Kind("an HTTP answer with its headers", "save the body alone")),
    (
        r"-----BEGIN ",
        Kind(
            "a PEM file, such as a key or certificate", "give the file of rows; replace a key that got here"
        ),
    ),
    (
        r"\x1e",
        Kind("a JSON text sequence (RFC 7464)", "remove the separators: tr -d '\\036' < FILE > rows.jsonl"),
    ),
    (
        r"#!|(\$|>>>|\S+@\S+[:~].*[$#]) ",
        Kind("a script or the output of a terminal", "give the file of rows"),
    ),
    (
        r"(data|event|id|retry): ?|:\s",
        Kind("a stream of server-sent events", "keep the JSON: sed -n 's/^data: //p' FILE"),
    ),
    (r"WARC/[0-9]", Kind("a web archive (WARC)", "extract the text and write JSON Lines")),
    (r"%YAML|---[ \t]*\r?\n|- \S", Kind("YAML", "convert it: yq -o json -I 0 FILE")),
    (rf"\[\[?{_KEY}\]\]?\s|{_KEY} = ", Kind("TOML or an INI file", "write the rows as JSON Lines")),
    (rf"(?:\"[^\"\n]*\"|{_KEY}):(?: [^,\n]*)?\r?\n", Kind("YAML", "convert it: yq -o json -I 0 FILE")),
    (r"[A-Za-z0-9+/]{60,}={0,2}\r?(\n|$)", Kind("text in Base64", "decode it: base64 -d FILE")),
)
_COMPILED: Final = tuple((re.compile(pattern), kind) for pattern, kind in _FORMATS)
_SAID_LINE: Final = re.compile(rf"(?i){_SAID}[.!]?[ \t\r]*(\n|$)")
"""A header that is an error, whatever is below it."""
_RETURN: Final = re.compile(r"[^\n\"]*?\r[^\r\n]")
"""A carriage return in the first line that ends no line; in a quoted value it is data."""
_JSON_RETURN: Final = re.compile(r"[^\n]*?\r[ \t]*[\"{}\[\]]")


def other_text(text: str, format_: str) -> Kind | None:
    """The text format of a file, whose leading white space is gone; None when it may be what is wanted."""
    if text.startswith("<") and (kind := _xml(text)) is not None:
        return kind
    for pattern, kind in _COMPILED:
        if pattern.match(text):
            return kind
    if format_ == "CSV" and _SAID_LINE.match(text):
        return _MESSAGE
    if format_ == "CSV" and re.match(r"(?i)sep=.\r?\n", text):
        return Kind("CSV with Excel's sep= line", "remove the first line")
    if (_JSON_RETURN if text[:1] in ("{", "[") else _RETURN).match(text):
        return Kind(
            "text whose lines end with a carriage return alone", "convert it: tr '\\r' '\\n' < FILE > rows"
        )
    return None


def _xml(text: str) -> Kind | None:
    if (code := _ERROR_CODE.search(text[:2000])) is not None:
        return Kind(
            f"an error document in XML with code {code.group(1)}", "correct the locator or its access"
        )
    if re.match(r"(?i)<(\?xml|!--|[a-z])", text) and not re.match(_HTML, text):
        return Kind("XML", "convert its elements to rows of JSON Lines")
    return None
