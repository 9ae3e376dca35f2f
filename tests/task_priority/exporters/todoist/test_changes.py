"""Whatever Todoist mixes into an answer: taken and set aside together are all that was received."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from task_priority.exporters.todoist import read
from task_priority.exporters.todoist.changes import KIND_OF, changes_of, is_gone
from task_priority.exporters.todoist.state import SyncState, stored_state
from task_priority.reading import Window
from tests.task_priority.cases import NOW, OSLO
from tests.task_priority.exporters.kept import objects_of

WINDOW = Window(NOW, NOW, OSLO)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_DUE = st.fixed_dictionaries(
    {},
    optional={
        "date": _JSON
        | st.sampled_from(["2026-03-02", "2026-03-02T09:00:00", "2026-03-02T08:00:00.123456Z", "0001-01-01"]),
        "timezone": _JSON | st.sampled_from(["Europe/Oslo", "GMT-7", "../etc/passwd"]),
        "string": _JSON,
        "is_recurring": _JSON,
    },
)
_DURATION = st.fixed_dictionaries({"amount": _JSON, "unit": st.sampled_from(["minute", "day", "week"])})
_IDS = st.sampled_from(["a", "b", "c", 7])
_OBJECTS = st.fixed_dictionaries(
    {"id": _IDS},
    optional={
        "content": _JSON | st.sampled_from(["buy stamps", "* heading", " "]),
        "name": _JSON,
        "project_id": _JSON | _IDS,
        "section_id": _JSON | _IDS,
        "parent_id": _JSON | _IDS,
        "responsible_uid": _JSON | _IDS,
        "labels": _JSON,
        "priority": _JSON | st.integers(0, 5),
        "due": _JSON | _DUE,
        "deadline": _JSON | st.fixed_dictionaries({"date": st.sampled_from(["2026-03-02", "9999-12-31", 5])}),
        "duration": _JSON | _DURATION,
        "added_at": _JSON
        | st.sampled_from(["2026-03-02T08:15:00Z", "2026-03-02T08:15:00.123456Z", "2026-03-02"]),
        "checked": _JSON,
        "is_deleted": _JSON,
        "is_archived": _JSON,
        "tz_info": _JSON,
    },
)
_ANYTHING = _JSON | _OBJECTS
_ANSWERS = st.fixed_dictionaries(
    {"sync_token": st.just("next"), "full_sync": st.booleans()},
    optional={
        "user": _ANYTHING,
        "something_new": _JSON,
        **{name: st.none() | st.lists(_ANYTHING, max_size=4) for name in KIND_OF if name != "user"},
    },
)


def received(answer: dict[str, Any]) -> int:
    lists = [answer.get(name) or [] for name in KIND_OF if name != "user"]
    return sum(map(len, lists)) + (answer.get("user") is not None)


@settings(max_examples=30)
@given(_ANSWERS)
def test_taken_and_set_aside_together_are_all_that_was_received(answer: dict[str, Any]) -> None:
    changes = changes_of(answer, asked="last")
    assert len(changes.found) + len(changes.set_aside) == received(answer)
    assert all(aside.reason for aside in changes.set_aside)
    json.dumps([found.data for found in changes.found])


@settings(max_examples=30)
@given(_ANSWERS)
def test_whatever_was_taken_can_be_read_and_each_open_task_is_a_task_or_unread(
    answer: dict[str, Any],
) -> None:
    objects = objects_of(changes_of(answer, asked="last").found)
    reading = read(objects, WINDOW)
    seen = {task.id.removeprefix("todoist:") for task in reading.tasks} | {one.id for one in reading.unread}
    assert seen <= set(objects.get("tasks", {}))
    left_out = set(objects.get("tasks", {})) - seen
    assert not any(
        raw for id, raw in objects.get("tasks", {}).items() if id in left_out and _stands_alone(raw)
    )


@settings(max_examples=10)
@given(_ANSWERS, _ANSWERS)
def test_a_state_is_stored_and_read_again(first: dict[str, Any], second: dict[str, Any]) -> None:
    state = SyncState()
    for answer in (first, second):
        state = state.after(changes_of(answer, asked="last"))
    assert stored_state(json.loads(json.dumps(state.to_json()))) == (state, None)


@given(_JSON)
def test_whatever_is_stored_as_a_state_can_be_begun_with(stored: Any) -> None:
    state, remark = stored_state(stored)
    assert state == SyncState()
    assert (remark is None) == (stored is None)


def _stands_alone(raw: dict[str, Any]) -> bool:
    return not is_gone(raw) and not any(raw.get(name) for name in ("project_id", "section_id", "parent_id"))
