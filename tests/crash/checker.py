"""Explains every message of a run, from what its processes saw and what the store says; the rest is a fault.

The histories are the witness (they lie outside the store), the account is the defendant. Every check is a
plain function from the case to its violations, so that a forged history can show that each of them can fail.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.crash.account import COMPLETED, DEAD
from tests.crash.case import (
    CLOCK_GRAIN_S,
    RETURNED,
    SPENDING,
    Case,
    Fault,
    Run,
    Violation,
    happened,
    replayed,
    returned,
    timeline,
)
from tests.crash.history import Kind
from tests.crash.key_order import check_order_of_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.crash.account import Row
    from tests.crash.history import Sighting


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one run, and its numbers."""

    violations: list[Violation]
    orphan_delays: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        lines = [f"history: {counts}", f"orphans ran again after: {spread(self.orphan_delays)}"]
        if not self.violations:
            return "\n".join([*lines, "every message is explained"])
        tally = Counter(each.fault for each in self.violations)
        lines += [f"  {count:6} x {fault.name}: {fault.value}" for fault, count in tally.most_common()]
        lines += [f"  {each}" for each in self.violations[:40]]
        return "\n".join([f"{len(self.violations)} VIOLATIONS", *lines])


def explain(case: Case) -> Report:
    """Judge one run."""
    violations = [violation for check in CHECKS for violation in check(case)]
    delays = sorted(delay for _, delay in orphans(case))
    return Report(violations, delays, _counts(case))


def spread(values: list[float]) -> str:
    """The distribution of some seconds, in words."""
    if not values:
        return "no samples"
    middle, late, worst = percentile(values, 0.5), percentile(values, 0.99), max(values)
    return f"p50 {middle:.3f} s, p99 {late:.3f} s, max {worst:.3f} s ({len(values)} samples)"


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def check_sends(case: Case) -> Iterator[Violation]:
    """Every acknowledged send is there, once, as it was sent; and nothing that was not sent."""
    begun = {(each.app, each.message_id): each for each in case.by_kind[Kind.SEND_BEGUN]}
    told: dict[tuple[str, str], set[int]] = defaultdict(set)
    for sent in case.by_kind[Kind.SENT]:
        told[sent.app, sent.message_id].add(sent.row_id)
    for name, row_ids in told.items():
        if name not in case.rows:
            yield Violation(Fault.LOST, name[1], f"sent to {name[0]} as row {sorted(row_ids)}")
        elif row_ids != {case.rows[name].row_id}:
            yield Violation(
                Fault.DOUBLED, name[1], f"told rows {sorted(row_ids)}, is row {case.rows[name].row_id}"
            )
    for (app, message_id), count in Counter((row.app, row.message_id) for row in case.account.rows).items():
        if count > 1:
            yield Violation(Fault.DOUBLED, message_id, f"{count} rows in the queue of {app}")
    for name, row in case.rows.items():
        if name not in begun:
            yield Violation(Fault.INVENTED, row.message_id, f"row {row.row_id} of {row.app}")
        elif begun[name].note != row.fingerprint:
            yield Violation(
                Fault.ALTERED, row.message_id, f"sent {begun[name].note}, stored {row.fingerprint}"
            )


def check_sends_are_atomic(case: Case) -> Iterator[Violation]:
    """Of one ``send_many`` all are there or none; a row of the sender's own only with its message."""
    batches: dict[int, list[bool]] = defaultdict(list)
    for begun in case.by_kind[Kind.SEND_BEGUN]:
        stored = (begun.app, begun.message_id) in case.rows
        if begun.row_id:
            batches[begun.row_id].append(stored)
        if begun.flag and case.account.outbox.get(begun.message_id, 0) != stored:
            text = f"{case.account.outbox.get(begun.message_id, 0)} rows of its own, stored: {stored}"
            yield Violation(Fault.OUTBOX_TORN, begun.message_id, text)
    for batch, stored_ones in batches.items():
        if len(set(stored_ones)) > 1:
            yield Violation(
                Fault.TORN_BATCH, "", f"batch {batch}: {sum(stored_ones)} of {len(stored_ones)} stored"
            )


def check_all_settled(case: Case) -> Iterator[Violation]:
    """After the drain nothing is left."""
    for row in case.account.rows:
        if case.drained and not row.settled:
            yield Violation(Fault.STUCK, row.message_id, f"row {row.row_id} of {row.app} is {row.status}")


def check_completed_ran(case: Case) -> Iterator[Violation]:
    """What is completed was seen at its far side, to the end."""
    for name, row in case.rows.items():
        if (
            case.witnessed
            and row.status == COMPLETED
            and not any(run.ended for run in case.runs.get(name, ()))
        ):
            yield Violation(Fault.NEVER_RAN, row.message_id, f"{len(case.runs.get(name, ()))} runs begun")


def check_settlings_kept(case: Case) -> Iterator[Violation]:
    """What a worker was told about its settling is what the store holds."""
    for acked, row in case.settlings(Kind.ACKED, Kind.EFFECT):
        if row.status != COMPLETED and not replayed(row, acked.wall, math.inf):
            yield Violation(
                Fault.ACK_LOST, row.message_id, f"{acked.kind.name} to {acked.pid}, is {row.status}"
            )
    nacks = Counter((each.app, each.message_id) for each in case.by_kind[Kind.NACKED])
    for name, count in nacks.items():
        recorded = (
            len(case.rows[name].times("message.nacked", "message.failed")) if name in case.rows else count
        )
        if recorded < count:
            yield Violation(Fault.NACK_LOST, name[1], f"{count} nacks acknowledged, {recorded} recorded")
    for failed, row in case.settlings(Kind.FAILED):
        if row.status != DEAD and not replayed(row, failed.wall, math.inf):
            yield Violation(
                Fault.NACK_LOST, row.message_id, f"fail acknowledged to {failed.pid}, is {row.status}"
            )


def check_effects(case: Case) -> Iterator[Violation]:
    """What a handler wrote inside the transaction of its delivery is there exactly when the completion is."""
    told = {each.message_id for each in case.by_kind[Kind.EFFECT]}
    transactional = {each.app for each in case.by_kind[Kind.EFFECT]}
    for row in case.account.rows:
        count = case.account.effects.get(row.message_id, 0)
        if row.app in transactional and count != (row.status == COMPLETED):
            yield Violation(
                Fault.EFFECT_TORN, row.message_id, f"{count} effects, the message is {row.status}"
            )
        elif row.message_id in told and count != 1:
            yield Violation(Fault.EFFECT_TORN, row.message_id, f"commit acknowledged, {count} effects stored")


def check_repeats_explained(case: Case) -> Iterator[Violation]:
    """Between two runs of a message lies a recorded event that put it back."""
    for row, before, again in case.repeats():
        if before.start.note and before.start.note == again.start.note:
            text = f"claim {again.start.note} in processes {before.pid} and {again.pid}"
            yield Violation(Fault.DELIVERED_TWICE, row.message_id, text)
        elif not returned(row, before, again) and not _stale(row, again, case):
            since = timeline(row, before.start.wall)
            text = f"attempt {again.start.attempt} in process {again.pid}; timeline {since}"
            yield Violation(Fault.REPEATED, row.message_id, text)


def check_nothing_runs_after_completion(case: Case) -> Iterator[Violation]:
    """Once completion is acknowledged, to a worker or by the row itself, no handler starts.

    But for one whose claim had lapsed before: the worker was too slow to begin what it held, and does not know it yet.
    """
    known: dict[tuple[str, str], Sighting] = {}
    for acked, row in case.settlings(Kind.ACKED, Kind.EFFECT):
        known.setdefault((row.app, row.message_id), acked)
    for name, runs in case.runs.items():
        row = case.rows.get(name)
        for run in runs:
            acked_before = name in known and known[name].mono < run.start.mono
            completed_at = row.processed_at if row and row.status == COMPLETED else None
            late = completed_at is not None and run.start.wall > completed_at + CLOCK_GRAIN_S
            excused = row is not None and (replayed(row, 0.0, run.start.wall) or _stale(row, run, case))
            if (acked_before or late) and not excused:
                text = f"attempt {run.start.attempt} in process {run.pid}"
                yield Violation(Fault.RAN_AFTER_COMPLETION, name[1], text)


def check_no_overlap(case: Case) -> Iterator[Violation]:
    """A message runs in one place at a time, unless a lease lapsed; and no lease of a living worker does."""
    for row, before, again in case.repeats():
        lapsed = happened(row, before, again, "message.lapsed") or _stale(row, again, case)
        if before.over > again.start.mono and not lapsed:
            text = f"process {again.pid} started it while process {before.pid} had not ended"
            yield Violation(Fault.OVERLAPPED, row.message_id, text)
    for lost, row in case.settlings(Kind.LEASE_LOST):
        if not row.times("message.lapsed"):
            yield Violation(Fault.LEASE_TAKEN, row.message_id, f"process {lost.pid}, verb {lost.note}")
    if case.lapses_allowed:
        return
    for row in case.account.rows:
        for at in row.times("message.lapsed"):
            if not any(death.wall < at for death in case.deaths.values()):
                yield Violation(Fault.LAPSED_ALIVE, row.message_id, "no process had died before")


def check_dead_letters(case: Case) -> Iterator[Violation]:
    """A dead letter has the history that its code demands."""
    permanent = {(each.app, each.message_id) for each in case.by_kind[Kind.FAIL_BEGUN]}
    for row in case.account.rows:
        if row.status != DEAD:
            continue
        spent, crashes = len(row.times(*SPENDING)), len(row.times("message.crashed"))
        match row.code:
            case "ATTEMPTS_EXHAUSTED":
                explained = max(spent, row.attempts) >= row.max_attempts
            case "CRASHED":
                explained = max(crashes, row.crashes) >= case.max_crashes
            case "PERMANENT":
                explained = (row.app, row.message_id) in permanent
            case _:
                explained = False
        if not explained:
            text = f"code {row.code}, {row.attempts} of {row.max_attempts} attempts, {row.crashes} crashes"
            yield Violation(Fault.DEAD_UNEXPLAINED, row.message_id, text)


def check_crash_counting(case: Case) -> Iterator[Violation]:
    """Crashes are deaths, deaths are crashes, and neither spends an attempt."""
    deaths = sorted(each.wall for each in case.by_kind[Kind.KILLED])
    for row in case.account.rows:
        for count, at in enumerate(row.times("message.crashed"), start=1):
            if sum(death < at + CLOCK_GRAIN_S for death in deaths) < count:
                yield Violation(
                    Fault.CRASH_INVENTED, row.message_id, f"crash {count}, but fewer deaths before it"
                )
        if row.times("message.replayed"):
            continue
        crashes = len(row.times("message.crashed"))
        spent = len(row.times("message.nacked", "message.lapsed")) + (row.status == COMPLETED)
        spent_at_most = spent + len(row.times("message.failed"))
        if row.crashes != crashes or not spent <= row.attempts <= spent_at_most + (
            row.status == "processing"
        ):
            text = f"{row.attempts} attempts and {row.crashes} crashes, timeline {timeline(row)} {row.status}"
            yield Violation(Fault.MISCOUNTED, row.message_id, text)
    for row, before, again in case.repeats():
        died = not before.ended and before.pid in case.deaths and before.over < again.start.mono
        if died and not happened(row, before, again, "message.crashed", "message.handed_back"):
            since = timeline(row, before.start.wall)
            text = f"process {before.pid} was killed while it ran this; timeline {since}"
            yield Violation(Fault.CRASH_AS_LAPSE, row.message_id, text)


def check_orphans_in_time(case: Case) -> Iterator[Violation]:
    """The 99th percentile of the time from a death to the next run is within the limit."""
    found = sorted(orphans(case), key=lambda orphan: orphan[1])
    if case.orphan_limit_s is None or not found:
        return
    if percentile([delay for _, delay in found], 0.99) > case.orphan_limit_s:
        run, delay = found[-1]
        yield Violation(
            Fault.LATE, run.start.message_id, f"worst {delay:.3f} s, limit {case.orphan_limit_s} s (p99)"
        )


def check_no_errors(case: Case) -> Iterator[Violation]:
    """No error of the store reached an application."""
    for each in case.by_kind[Kind.ERROR]:
        yield Violation(Fault.ERROR, each.message_id, f"{each.note} in process {each.pid} ({each.app})")


def check_file(case: Case) -> Iterator[Violation]:
    """The file itself is sound."""
    if case.account.damage:
        yield Violation(Fault.DAMAGED, "", case.account.damage)


CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    check_sends,
    check_sends_are_atomic,
    check_all_settled,
    check_completed_ran,
    check_settlings_kept,
    check_effects,
    check_repeats_explained,
    check_nothing_runs_after_completion,
    check_no_overlap,
    check_dead_letters,
    check_crash_counting,
    check_order_of_keys,
    check_orphans_in_time,
    check_no_errors,
    check_file,
)


def orphans(case: Case) -> Iterator[tuple[Run, float]]:
    """Every run that a death cut short, with the seconds until the message ran again, or waited its turn.

    Counted from the death, or from the first opening of the store after it when no process had it open, and
    only where a consumer of that app lived until then, or for as long as the limit: a survivor that was
    killed after that had its chance, and leaving it out would hide the slow ones.
    """
    for row, before, again in case.repeats():
        if before.ended or before.pid not in case.deaths or before.over > again.start.mono:
            continue
        begin, end = _first_alive(case, before.over), _turn(case, row, before, again)
        until = min(end, begin + (case.orphan_limit_s or 1.0))
        if any(_consumes(case, opened, row.app, begin, until) for opened in case.by_kind[Kind.OPENED]):
            yield again, end - begin


def _turn(case: Case, row: Row, before: Run, again: Run) -> float:
    """When the message ran again, or when, after it was put back, one that stands before it began."""
    back = min((at for at in row.times("message.crashed") if at >= before.start.wall), default=math.inf)
    ahead = (other for other in case.account.rows if other.app == row.app and other.stands_before(row))
    turns = (run.start for other in ahead for run in case.runs.get((other.app, other.message_id), ()))
    return min([again.start.mono, *(start.mono for start in turns if start.wall >= back)])


def _first_alive(case: Case, moment: float) -> float:
    """The moment itself if a process has the store open then, else the next opening."""
    opened = case.by_kind[Kind.OPENED]
    if any(each.mono <= moment < case.ends.get(each.pid, math.inf) for each in opened):
        return moment
    return min((each.mono for each in opened if each.mono > moment), default=math.inf)


def _consumes(case: Case, opened: Sighting, app: str, begin: float, end: float) -> bool:
    """Whether this process was a consumer of the app from begin to end."""
    return opened.app == app and opened.mono <= begin and case.ends.get(opened.pid, math.inf) >= end


def _stale(row: Row, run: Run, case: Case) -> bool:
    """Whether the claim of this run had lapsed before it started: one lapse for each such run."""
    earlier = [each for each in case.runs[row.app, row.message_id] if each.start.mono < run.start.mono]
    put_back = [at for at in row.times(*RETURNED) if at <= run.start.wall + CLOCK_GRAIN_S]
    return bool(row.times("message.lapsed")) and len(put_back) >= len(earlier)


def _counts(case: Case) -> dict[str, int]:
    events = Counter(
        event.event.removeprefix("message.") for row in case.account.rows for event in row.events
    )
    status = Counter(row.status for row in case.account.rows)
    return {
        "sends acknowledged": len(case.by_kind[Kind.SENT]),
        "rows": len(case.account.rows),
        **{status_name: status[status_name] for status_name in sorted(status)},
        "runs": len(case.by_kind[Kind.STARTED]),
        "repeats": sum(1 for _ in case.repeats()),
        "kills": len(case.deaths),
        **{
            name: events[name]
            for name in ("nacked", "lapsed", "crashed", "handed_back", "failed")
            if events[name]
        },
    }
