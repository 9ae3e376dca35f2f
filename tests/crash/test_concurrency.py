"""P8 and P9: one row per id however many send it, and "database is locked" reaches nobody."""

from __future__ import annotations

import signal
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Case
from tests.crash.checker import explain, spread
from tests.crash.history import Kind, read_histories
from tests.crash.places import ON_POSTGRESQL, ON_SAFE_MODE, ON_SQLITE, on_sqlite_alone, slowly
from tests.postgresql_databases import is_postgresql
from tests.stalls import Stalls

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Nursery
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux

SENDERS = 8


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("ids", "times"), [(200, 1), pytest.param(1000, 10, marks=pytest.mark.slow)])
def test_eight_senders_of_the_same_ids_make_one_row_of_each(play: Play, ids: int, times: int) -> None:
    senders = [play.fork("send_ids", app="bulk", ids=ids, times=times, seed=seed) for seed in range(SENDERS)]
    play.nursery.wait(*senders, timeout_s=600 + 60 * times)
    assert not play.nursery.complaints()
    account = play.account()
    report = explain(Case(read_histories(play.folder), account, drained=False))
    assert not report.violations, str(report)
    assert len(account.rows) == ids
    told = Counter(each.flag for each in play.saw(Kind.SENT))
    assert told == {0: ids, 1: SENDERS * ids * times - ids}


@on_sqlite_alone
def test_backup_of_a_large_store_ends_although_others_go_on_sending(play: Play) -> None:
    play.once("fill", app="bulk", messages=20_000, size=1500)
    sender = play.fork("send_fast", app="bulk", name="fast", seed=1)
    play.wait_for(Kind.SENT, pid=sender.pid)
    play.once("back_up", seconds=0.1)
    assert play.saw(Kind.OPENED, app="backup")
    assert not play.saw(Kind.ERROR)
    sender.signal(signal.SIGTERM)
    play.nursery.wait(sender)


LONGEST_SEND_S = 2.0  # P9 says 1 s and the figure is printed; here other tests run on the same processors
STARVED = 5
"""Without a log each commit waits for the readers, and a fair turn takes a second; a starved one, many times that."""


LOADS = [
    (ON_SQLITE, 4),
    # In the safe mode every commit waits for the readers, and in make test for more tests beside them.
    (slowly(ON_SAFE_MODE), 10),
    (ON_POSTGRESQL, 3),
    *((store, 30) for store in map(slowly, (ON_SQLITE, ON_SAFE_MODE, ON_POSTGRESQL))),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("place", "seconds"),
    [pytest.param(*each.values, s, id=f"{each.id}-{s}", marks=each.marks) for each, s in LOADS],
    indirect=["place"],
)
def test_nobody_is_told_that_the_database_is_locked(
    play: Play, nursery: Nursery, tmp_path: Path, *, seconds: int
) -> None:
    strangers = [play.fork("read_outside", seconds=seconds, seed=seed) for seed in range(2)]
    if not is_postgresql(play.place["url"]):
        strangers.append(play.fork("back_up", seconds=seconds))
    senders = [play.fork("send_fast", app="bulk", name=f"fast-{n}", seed=n) for n in range(3)]
    senders.append(play.fork("produce", name="mixed", apps=["bulk"], outbox="ledger", rate=100, seed=7))
    workers = [
        play.fork("consume", app="bulk", name="worker-1", seed=1),
        play.fork("consume_one", app="bulk", name="worker-2", seed=2),
        play.fork("claim", app="bulk", name="worker-3", seed=3),
        play.fork("keep_ledger", app="ledger", name="keeper", seed=4),
    ]
    with Stalls(tmp_path) as stalls:
        nursery.wait(*strangers, timeout_s=seconds + 120)
    for group in (senders, workers):
        for child in group:
            child.signal(signal.SIGTERM)
        nursery.wait(*group)
    assert not nursery.complaints(), "\n".join(nursery.complaints())
    # Claims of one second are worked off one by one while all wait for the turn to write: some may lapse.
    report = explain(Case(read_histories(tmp_path), play.account(), drained=False, lapses_allowed=True))
    waits = longest_sends(play)
    print(report, f"sends took: {spread(waits)}", sep="\n")  # noqa: T201 - reported, as P9 asks
    assert not report.violations, str(report)
    fair_s = max(LONGEST_SEND_S, STARVED * median(waits))
    assert max(waits) < fair_s + len(nursery.children) * stalls.longest_s


def longest_sends(play: Play) -> list[float]:
    """How long each send took, in seconds; of a ``send_many`` its slowest message."""
    begun = {(each.pid, each.message_id): each.mono for each in play.saw(Kind.SEND_BEGUN)}
    return [each.mono - begun[each.pid, each.message_id] for each in play.saw(Kind.SENT)]
