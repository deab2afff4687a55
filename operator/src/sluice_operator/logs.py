"""Logs: one JSON object a line, the same field names everywhere, and nothing that looks like a secret."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sluice_api.redaction import Redactor, secrets_of

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "taskName"}
_REDACTOR = Redactor.of(secrets_of(os.environ))
_FLOORS = {
    # kopf tells every event at INFO, and whole bodies at DEBUG.
    "kopf": logging.WARNING,
    # One line for each watch and attempt of an outage that our own requests tell, too.
    "kopf._cogs.clients": logging.CRITICAL,
    "kopf._core.reactor.observation": logging.CRITICAL,
    # It warns that it takes no signals; they are ours.
    "kopf._core.reactor.running": logging.ERROR,
    "aiohttp.access": logging.WARNING,
    "urllib3": logging.WARNING,
    "kubernetes": logging.WARNING,
}


_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("what is at work", default=MappingProxyType({}))


@contextlib.contextmanager
def about(**fields: str) -> Iterator[None]:
    """Give these fields to every line that is logged in the block, and in no other task."""
    token = _ABOUT.set({**_ABOUT.get(), **fields})
    try:
        yield
    finally:
        _ABOUT.reset(token)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, what is at work and the fields that were given with `extra`."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _ABOUT.get()
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(_REDACTOR.value(line))


def set_up(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(floor)
