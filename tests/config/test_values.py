from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.config.values import (
    format_backoff,
    format_duration,
    format_size,
    parse_backoff,
    parse_duration,
    parse_size,
)

MILLISECONDS = st.integers(0, 10**12).map(lambda ms: timedelta(milliseconds=ms))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("250ms", 0.25), ("30s", 30), ("1.5s", 1.5), ("5m", 300), ("1h30m", 5400), ("2d", 172_800)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "-5s", "5x", "1h 30m", "9" * 400 + "d", "5s\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the message
        parse_duration(text)


@given(MILLISECONDS)
def test_a_duration_that_is_written_reads_as_itself(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "count"),
    [("0 B", 0), ("64 MiB", 64 * 2**20), ("1.5GiB", 3 * 2**29), ("500 MB", 500_000_000), ("7kB", 7000)],
)
def test_sizes_are_read(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["64", "64 mib", "MiB", "-1 B", "64  MiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the message
        parse_size(text)


@given(st.integers(0, 2**50))
def test_a_size_that_is_written_reads_as_itself(count: int) -> None:
    assert parse_size(format_size(count)) == count


@given(MILLISECONDS, MILLISECONDS)
def test_a_backoff_that_is_written_reads_as_itself(one: timedelta, other: timedelta) -> None:
    bounds = min(one, other), max(one, other)
    assert parse_backoff(format_backoff(bounds)) == bounds


@pytest.mark.parametrize("text", ["1s", "5m..1s", "1s...5m", "1s..", "..5m"])
def test_what_is_no_backoff_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the message
        parse_backoff(text)
