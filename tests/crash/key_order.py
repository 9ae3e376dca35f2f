"""P13: the order of messages that share a partition key."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.crash.case import CLOCK_GRAIN_S, Fault, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.account import Row
    from tests.crash.case import Case, Run


def check_order_of_keys(case: Case) -> Iterator[Violation]:
    """Within a key, first starts are in the order of rows, nothing overlaps, and only a crash goes back."""
    keys: dict[tuple[str, str], list[tuple[Row, Run]]] = defaultdict(list)
    for name, runs in case.runs.items():
        row = case.rows.get(name)
        if row and row.key:
            keys[row.app, row.key].extend((row, run) for run in runs)
    for (_, key), visits in keys.items():
        visits.sort(key=lambda visit: visit[1].start.mono)
        yield from _check_key(key, visits)


def _check_key(key: str, visits: list[tuple[Row, Run]]) -> Iterator[Violation]:
    highest, busy_until, busy = 0, -math.inf, visits[0]
    previous: dict[int, Run] = {}
    for row, run in visits:
        if row.row_id not in previous:
            if row.row_id < highest:
                text = f"row {row.row_id} of key {key} first ran after row {highest}"
                yield Violation(Fault.OUT_OF_ORDER, row.message_id, text)
        else:
            yield from _check_going_back(key, visits, row, previous[row.row_id], run)
        if (
            run.start.mono < busy_until
            and row.row_id != busy[0].row_id
            and not busy[0].times("message.lapsed")
        ):
            text = f"row {row.row_id} of key {key} started while row {busy[0].row_id} ran"
            yield Violation(Fault.KEY_OVERLAPPED, row.message_id, text)
        if run.over > busy_until:
            busy_until, busy = run.over, (row, run)
        highest = max(highest, row.row_id)
        previous[row.row_id] = run


def _check_going_back(
    key: str, visits: list[tuple[Row, Run]], row: Row, before: Run, again: Run
) -> Iterator[Violation]:
    """A row may run again after a later one only if that later one had run before this row was put back."""
    for other, run in visits:
        between = before.start.mono < run.start.mono < again.start.mono
        if (
            not between
            or other.row_id <= row.row_id
            or other.times("message.lapsed")
            or row.times("message.lapsed")
        ):
            continue
        back = row.times("message.crashed", "message.handed_back", "message.replayed")
        if not any(run.start.wall - CLOCK_GRAIN_S <= at <= again.start.wall + CLOCK_GRAIN_S for at in back):
            text = f"row {other.row_id} of key {key} ran while row {row.row_id} was waiting to run again"
            yield Violation(Fault.OUT_OF_ORDER, row.message_id, text)
            return
