"""Message ids are UUIDs of version 7 that sort by the time of their making."""

from __future__ import annotations

import time
import uuid

from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.ids import new_message_id, new_message_ids


def test_an_id_is_a_uuid_of_version_7_and_tells_its_time() -> None:
    before = time.time_ns() // 1_000_000
    parsed = uuid.UUID(new_message_id())
    after = time.time_ns() // 1_000_000
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122
    assert before <= parsed.int >> 80 <= after


def test_ids_made_one_after_the_other_differ() -> None:
    assert len({new_message_id() for _ in range(10_000)}) == 10_000


@given(st.integers(min_value=0, max_value=2_000))
def test_ids_made_together_rise_and_differ(count: int) -> None:
    found = new_message_ids(count)
    assert len(set(found)) == count
    assert found == sorted(found)
    assert all(uuid.UUID(one).version == 7 for one in found)
