"""When a process that died is started again."""

from __future__ import annotations

from crossdock.supervisor.restart import LONGEST_DELAY_S, STABLE_AFTER_S, Restarts


def delays(*lives_s: float) -> list[float]:
    restarts, found = Restarts(), []
    for lived_s in lives_s:
        restarts = restarts.died(lived_s)
        found.append(restarts.delay_s)
    return found


def test_delay_doubles_with_each_death_up_to_the_longest() -> None:
    assert delays(*[0.0] * 5) == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert delays(*[0.0] * 100)[-1] == LONGEST_DELAY_S


def test_long_life_begins_anew() -> None:
    assert delays(0.0, 0.0, STABLE_AFTER_S, 0.0) == [0.1, 0.2, 0.1, 0.2]
