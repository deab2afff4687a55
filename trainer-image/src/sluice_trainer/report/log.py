"""The log: one JSON object per line on stderr, scrubbed of secrets.

Attach plain facts with `extra={"facts": {...}}`. Rows of data sets never belong in a log.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from sluice_api.redaction import Redactor
from sluice_api.text import visible


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON."""

    def __init__(self, scrub: Redactor, always: Mapping[str, str]) -> None:
        super().__init__()
        self._scrub = scrub
        self._always = dict(always)

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger and message, then what is always said and the record's own facts."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._always,
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return visible(json.dumps(self._scrub.value(line), ensure_ascii=False))


def configure(scrub: Redactor, stage: str, stream: TextIO | None = None) -> None:
    """Send everything from INFO on to `stream`, by default stderr; replaces what was set up before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(scrub, {"stage": stage}))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("botocore", "boto3", "s3transfer", "urllib3", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
