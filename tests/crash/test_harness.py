"""The whole chain of workers, histories, account and checker notices what was done to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Fault
from tests.crash.harness import Plan, judge, run
from tests.crash.nursery import Nursery
from tests.crash.places import quickly_on_sqlite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.stage import Place

SABOTAGE = {
    "DELETE FROM audit_log WHERE event = 'message.nacked'": Fault.REPEATED,
    "UPDATE data_staging SET data = '{}' WHERE id = 11": Fault.ALTERED,
    "DELETE FROM data_staging WHERE id = 12": Fault.LOST,
    "DELETE FROM test_effect": Fault.EFFECT_TORN,
    "UPDATE data_staging SET processed_at = created_at WHERE status > 'a'": Fault.RAN_AFTER_COMPLETION,
}


@pytest.mark.needs_linux
@quickly_on_sqlite
def test_sabotage_of_the_store_is_noticed(tmp_path: Path, place: Place) -> None:
    plan = Plan(tmp_path, kills=5, seed=1, place=place, orphan_limit_s=None)
    report = run(plan)
    assert not report.violations, str(report)
    seen: set[Fault] = set()
    with Nursery(tmp_path) as nursery:
        for statement, fault in SABOTAGE.items():
            child = nursery.fork("sabotage", **place, statement=statement)
            nursery.wait(child)
            nursery.wait(nursery.fork("take", **place))
            assert not nursery.complaints(), nursery.complaints()
            faults = {each.fault for each in judge(plan).violations}
            assert fault in faults - seen
            seen |= faults
