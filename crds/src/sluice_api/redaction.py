"""Keeps secrets out of logs, messages and reports: one mechanism for operator and trainer.

Three nets: values that are known to be secret, shapes that secrets have wherever they come from, and names
that say that a value is one. Values are redacted before they are encoded: an encoder's escapes would hide
them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
DEPTH_MAX = 16
"""Deeper values are told as text; they may contain themselves."""
LENGTH_MIN = 6
"""Shorter values are common words, and hiding them would only garble the text."""
LINE_MIN = 12
"""Lines of a longer secret that are hidden each for itself."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = {"password", "passwd", "passphrase", "secret", "token", "credential", "credentials"} | {
    "authorization",
    "apikey",
    "cookie",
}
_SECRET_PAIRS = {("api", "key"), ("access", "key"), ("private", "key"), ("tls", "key")}
_HARMLESS_ENDS = {"name", "path", "file", "dir", "ref", "url", "uri", "type", "count", "seconds", "ids"}
"""Of things about a secret: where it is, how it is called."""
_SPECIAL_TOKENS = {"eos", "bos", "pad", "unk", "mask", "sep", "cls", "special", "stop"}
"""What a tokenizer calls a token is no credential."""

_NAMES = (
    r"(?:password|passwd|passphrase)[\w-]{0,24}"
    r"|secret(?![\w-]{0,24}(?:name|path|file|ref|url|uri)\b)[\w-]{0,24}"
    r"|token|credentials?|signature|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key"
)
_VALUE = r"""(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s&,;}\])]+)"""
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]+"
    rf"|(?P<name>(?:{_NAMES})[\"']?\s*[=:]\s*){_VALUE}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bhf_[A-Za-z0-9]{20,}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Redactor:
    """Hides secrets; `known` are texts that are secret, the longest first, so that no part of one stays."""

    known: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str]) -> "Redactor":
        """Hides these values in every form in which a text may quote them."""
        forms = {form for secret in secrets if len(secret) >= LENGTH_MIN for form in _forms(secret)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self.known:
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(lambda match: (match["scheme"] or match["name"] or "") + HIDDEN, text)

    def value(self, found: object, depth: int = 0) -> Any:
        """The same value, plain enough for JSON, without secrets in it, in its keys, or under their names."""
        if found is None or isinstance(found, bool | int | float):
            return found
        if isinstance(found, bytes):
            return self(found.decode(errors="replace"))
        if isinstance(found, Mapping) and depth < DEPTH_MAX:
            return {self(str(key)): self._field(found, key, depth) for key in found}
        if isinstance(found, list | tuple | set | frozenset) and depth < DEPTH_MAX:
            return self._items(list(found), depth)
        return self(str(found))

    def _field(self, found: Mapping[Any, object], key: object, depth: int) -> Any:
        # Kubernetes writes a variable as name and value: the name says what the value is.
        name = str(found.get("name", "")) if key == "value" else str(key)
        return _hidden(found[key]) if is_secret_name(name) else self.value(found[key], depth + 1)

    def _items(self, items: list[Any], depth: int) -> list[Any]:
        # A header or a field as a pair.
        if len(items) == 2 and isinstance(items[0], str) and is_secret_name(items[0]):
            return [self(items[0]), _hidden(items[1])]
        return [self.value(item, depth + 1) for item in items]


def is_secret_name(name: str) -> bool:
    """Whether a field, header or variable of that name holds a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _HARMLESS_ENDS or (len(words) > 1 and words[-2] in _SPECIAL_TOKENS):
        return False
    return bool(_SECRET_WORDS & set(words)) or bool(_SECRET_PAIRS & set(pairwise(words)))


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """Values that the environment declares secret by their names."""
    return [value for name, value in environment.items() if is_secret_name(name)]


def _hidden(value: object) -> Any:
    """Text is hidden, however deep; numbers and what is empty stay."""
    if isinstance(value, Mapping):
        return {str(key): _hidden(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) or not value else HIDDEN


def _forms(secret: str) -> Iterable[str]:
    """A secret as it is, as encoders and `repr` write it, and its lines."""
    lines = [line.strip() for line in secret.splitlines()]
    for text in (secret, secret.strip(), *(line for line in lines if len(line) >= LINE_MIN)):
        yield text
        yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
        yield from (quote(text, safe=""), quote_plus(text))
