"""The hour of the night at which a store is examined."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from crossdock.domain.night import last_night

EAST = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2031, 5, 17, 3, 0, tzinfo=UTC), datetime(2031, 5, 17, 3, 0, tzinfo=UTC)),
        (datetime(2031, 5, 17, 2, 59, tzinfo=UTC), datetime(2031, 5, 16, 3, 0, tzinfo=UTC)),
        (datetime(2031, 1, 1, 0, 0, tzinfo=UTC), datetime(2030, 12, 31, 3, 0, tzinfo=UTC)),
        (datetime(2031, 5, 17, 4, 0, tzinfo=EAST), datetime(2031, 5, 16, 18, 0, tzinfo=UTC)),
    ],
)
def test_last_night_is_when_the_clocks_last_showed_the_hour(now: datetime, last: datetime) -> None:
    assert last_night(now, time(3)) == last
