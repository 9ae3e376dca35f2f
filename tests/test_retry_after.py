"""How long Retry-After asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.retry_after import wait_of

NOW = datetime(2026, 5, 17, 8, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", timedelta(0)),
        (" 120 ", timedelta(minutes=2)),
        ("9" * 40, timedelta(seconds=10**9)),
        ("Sun, 17 May 2026 08:31:15 GMT", timedelta(minutes=1)),
        ("Sunday, 17-May-26 08:31:15 GMT", timedelta(minutes=1)),
    ],
)
def test_seconds_and_instants_are_read(text: str, wait: timedelta) -> None:
    assert wait_of(text, NOW) == wait


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-1", "1.5", "\u0661\u0662\u0660", "Sun, 17 May 2026 08:29:15 GMT", "Sun, 99 May 2026 08:29:15 GMT"],
)  # fmt: skip
def test_what_asks_for_nothing_is_nothing(text: str) -> None:
    assert wait_of(text, NOW) is None
