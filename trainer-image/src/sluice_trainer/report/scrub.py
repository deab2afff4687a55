"""Keeps secrets out of what is told: logs, messages, reports.

Two nets: values that the environment declares secret, and shapes that secrets have wherever they come from.
"""

import os
import re
from collections.abc import Callable, Mapping

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(r"(?i)(secret|token|password|passwd|credential|access_key|api_?key)")
_MIN_LENGTH = 6
"""Shorter values are common words, and hiding them would only garble the text."""

_SHAPES = (
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]+"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=x-amz-signature=)[\w%-]+"),
    re.compile(r"(?i)(?<=x-amz-credential=)[\w%./-]+"),
    re.compile(r"(?i)(?<=x-amz-security-token=)[\w%./+=-]+"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\bhf_[A-Za-z0-9]{20,}\b"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b"),
)


def scrubber(environment: Mapping[str, str] = os.environ) -> Callable[[str], str]:
    """A function that hides secrets in a text. Longest values first, so that no part of one stays."""
    secrets = {v for k, v in environment.items() if _SECRET_NAME.search(k) and len(v) >= _MIN_LENGTH}
    # Paths to secrets are no secrets, and a message that hides them cannot be acted on.
    ordered = sorted((s for s in secrets if not s.startswith("/")), key=len, reverse=True)

    def scrub(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, HIDDEN)
        for shape in _SHAPES:
            text = shape.sub(HIDDEN, text)
        return text

    return scrub
