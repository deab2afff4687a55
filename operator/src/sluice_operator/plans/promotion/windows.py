"""Windows of time in which new models may go live: pure arithmetic on days, hours and time zones."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluice_api.deployment import Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONGEST = 8
"""Days to look back and ahead: a window lasts a week at most, and opens once a week at least."""


def opens_in(windows: Sequence[Window], now: datetime) -> float | None:
    """Seconds until one opens: 0 while one is open, or when there are none; None when none ever opens."""
    if not windows:
        return 0.0
    spans = [span for window in windows for span in _spans(window, now)]
    if any(start <= now < end for start, end in spans):
        return 0.0
    return min(((start - now).total_seconds() for start, _ in spans if start > now), default=None)


def closes_in(windows: Sequence[Window], now: datetime) -> float | None:
    """Seconds until the windows that are open have closed; None when none is open, or none is set."""
    spans = (span for window in windows for span in _spans(window, now))
    return max(((end - now).total_seconds() for start, end in spans if start <= now < end), default=None)


def unknown_zones(windows: Sequence[Window]) -> list[str]:
    """Names that are no time zone; their windows never open."""
    return [w.time_zone for w in windows if w.time_zone is not None and _zone(w) is None]


def _spans(window: Window, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Openings around now, each with its end."""
    zone = _zone(window)
    if zone is None:
        return
    hour, minute = (int(part) for part in window.start.split(":"))
    today = now.astimezone(zone).date()
    for offset in range(-_LONGEST, _LONGEST + 1):
        day: date = today + timedelta(days=offset)
        if window.days is None or _DAYS[day.weekday()] in window.days:
            start = datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)
            yield start, start + timedelta(seconds=window.duration_seconds)


def _zone(window: Window) -> ZoneInfo | None:
    try:
        return ZoneInfo(window.time_zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
