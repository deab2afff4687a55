"""What the API server may answer instead of what was asked for, one class per way of going on."""

import json
from collections.abc import Mapping


class ApiError(Exception):
    """A request that did not do what it should."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class NotFound(ApiError):
    """There is no such object."""


class AlreadyExists(ApiError):
    """Somebody, perhaps an earlier self, made an object of that name."""


class Conflict(ApiError):
    """The object is not as it was when it was looked at."""


class Forbidden(ApiError):
    """RBAC, quota or an admission policy refuses; somebody else has to act."""


class Invalid(ApiError):
    """The object does not fit the schema; sending it again does not help."""


class Unavailable(ApiError):
    """Nobody answered, or the answer was `later`; whether a write was done is unknown."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: Invalid,
    403: Forbidden,
    404: NotFound,
    405: Forbidden,
    409: Conflict,
    410: Unavailable,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def error_for(status: int, body: str, retry_after: str | None = None) -> ApiError:
    """The error for an HTTP status and the `Status` object that came with it."""
    reason, message = _read_status(body)
    if status == 409 and reason == "AlreadyExists":
        return AlreadyExists(status, message)
    kind = _BY_STATUS.get(status, Unavailable)
    return kind(status, message or f"HTTP {status}", retry_after=_seconds(retry_after))


def _read_status(body: str) -> tuple[str, str]:
    try:
        data = json.loads(body)
    except ValueError:
        return "", body[:300]
    if not isinstance(data, dict):
        return "", body[:300]
    return str(data.get("reason") or ""), str(data.get("message") or "")[:1000]


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdecimal() else None
