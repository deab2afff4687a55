"""Windows of time: days, hours, time zones, and the two nights a year that are longer or shorter."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api.deployment import Window
from sluice_operator.plans.promotion.windows import closes_in, opens_in, unknown_zones


def window(start: str = "02:00", seconds: int = 3600, **more: object) -> Window:
    return Window.parse({"start": start, "durationSeconds": seconds, **more})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_windows_it_is_always_open() -> None:
    assert opens_in((), at("2026-03-01T12:00")) == 0
    assert closes_in((), at("2026-03-01T12:00")) is None


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-03-02T01:59:59", 1),
        ("2026-03-02T02:00", 0),
        ("2026-03-02T02:59:59", 0),
        ("2026-03-02T03:00", 23 * 3600),
    ],
)
def test_it_opens_at_its_start_and_closes_after_its_duration(now: str, left: float) -> None:
    assert opens_in((window(),), at(now)) == left


def test_days_are_those_of_the_zone_in_which_it_opens() -> None:
    tokyo = window("01:00", 3600, days=["Mon"], timeZone="Asia/Tokyo")
    sunday = at("2026-03-01T16:30")
    assert sunday.weekday() == 6
    assert opens_in((tokyo,), sunday) == 0
    assert opens_in((tokyo,), at("2026-03-02T16:30")) == timedelta(days=6, minutes=-30).total_seconds()


def test_a_window_over_midnight_stays_open() -> None:
    night = window("23:00", 4 * 3600, days=["Fri"])
    assert opens_in((night,), at("2026-03-07T02:59")) == 0
    assert opens_in((night,), at("2026-03-07T03:00")) == 6 * 24 * 3600 + 20 * 3600


def test_a_week_long_window_is_found_on_its_last_day() -> None:
    week = window("00:00", 604_800, days=["Mon"])
    assert opens_in((week,), at("2026-03-08T23:59:59")) == 0


def test_a_start_that_the_clock_skips_still_opens_that_night() -> None:
    spring = window("02:30", 3600, timeZone="Europe/Berlin")
    assert opens_in((spring,), at("2026-03-29T01:45")) == 0


def test_the_next_of_several_counts_and_the_last_to_close() -> None:
    both = (window("02:00"), window("02:30", 7200))
    assert opens_in(both, at("2026-03-02T01:00")) == 3600
    assert closes_in(both, at("2026-03-02T02:45")) == 6300


def test_no_day_and_no_zone_never_open() -> None:
    never = (window(days=[]), window(timeZone="Mars/Base"))
    assert opens_in(never, at("2026-03-02T02:30")) is None
    assert unknown_zones(never) == ["Mars/Base"]


@given(
    st.integers(0, 23),
    st.integers(60, 604_800),
    st.integers(0, 400 * 24 * 60),
    st.sampled_from(["UTC", "Asia/Tokyo"]),
)
def test_at_the_time_it_names_it_is_open(hour: int, seconds: int, minutes: int, zone: str) -> None:
    wanted = (window(f"{hour:02}:00", seconds, timeZone=zone),)
    now = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    left = opens_in(wanted, now)
    assert left is not None
    assert left <= 24 * 3600
    assert opens_in(wanted, now + timedelta(seconds=left)) == 0
