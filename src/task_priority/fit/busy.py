"""Which events take time up: each says by which rule it does, or does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from task_priority.model import Answer, Event, EventKind
from task_priority.moments import Day, start_of
from task_priority.settings import BusyRules, Settings


class Verdict(NamedTuple):
    """Whether an event takes time up, and the rule that says so.

    Attributes:
        setting: The name of the setting, among the rules, that decided; None: nothing can change it.
    """

    busy: bool
    rule: str
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that an event takes up, in UTC; ``end`` is the first moment after it."""

    start: datetime
    end: datetime
    event: Event
    rule: str
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Unheeded:
    """An event that leaves its time free, and the rule that says so."""

    event: Event
    rule: str
    setting: str | None = None


def judge(event: Event, rules: BusyRules) -> Verdict:
    """Say whether an event takes time up.

    What says that it does not comes first, then what kind of event it is. Where one works and birthdays are told by
    their kind alone: their services have them shown as free always.
    """
    return (
        _always_shown_as_free(event, rules)
        or _given_up(event, rules)
        or _by_kind(event, rules)
        or _by_answer(event, rules)
        or _by_length(event, rules)
    )


def busy_spans(
    events: Iterable[Event], settings: Settings, start: datetime, end: datetime
) -> tuple[list[Busy], list[Unheeded]]:
    """Return what takes time up between two instants, in order, and the events in there that do not.

    An event that ends when it starts takes up nothing, and one that ends before it starts nothing either: both are
    told among the second.
    """
    busy: list[Busy] = []
    unheeded: list[Unheeded] = []
    for event in events:
        first, last = start_of(event.start, settings.zone), start_of(event.end, settings.zone)
        if last < start or first >= end:
            continue
        verdict = judge(event, settings.busy)
        if not verdict.busy:
            unheeded.append(Unheeded(event, verdict.rule, verdict.setting))
        elif last <= first:
            unheeded.append(Unheeded(event, "it has no length"))
        elif last > start:
            busy.append(Busy(max(first, start), min(last, end), event, verdict.rule, verdict.setting))
    busy.sort(key=lambda one: (one.start, one.end, one.event.id))
    unheeded.sort(key=lambda one: one.event.id)
    return busy, unheeded


def _always_shown_as_free(event: Event, rules: BusyRules) -> Verdict | None:
    if event.cancelled:
        return Verdict(busy=False, rule="it is cancelled")
    match event.kind:
        case EventKind.WORKING_LOCATION:
            return Verdict(rules.working_location, "it says where you work", "working_location")
        case EventKind.BIRTHDAY:
            return Verdict(rules.birthday, "it is a birthday", "birthday")
        case _:
            return None


def _given_up(event: Event, rules: BusyRules) -> Verdict | None:
    if event.answer is Answer.DECLINED and not rules.declined:
        return Verdict(busy=False, rule="you declined it", setting="declined")
    if event.transparent and not rules.transparent:
        return Verdict(busy=False, rule="it is shown as free", setting="transparent")
    return None


def _by_kind(event: Event, rules: BusyRules) -> Verdict | None:
    match event.kind:
        case EventKind.OUT_OF_OFFICE:
            return Verdict(rules.out_of_office, "you are out of office", "out_of_office")
        case EventKind.FOCUS_TIME:
            return Verdict(rules.focus_time, "it is focus time", "focus_time")
        case _:
            return None


def _by_answer(event: Event, rules: BusyRules) -> Verdict | None:
    if event.answer is Answer.TENTATIVE and not rules.tentative:
        return Verdict(busy=False, rule="you answered maybe", setting="tentative")
    if event.answer is Answer.OPEN and not rules.unanswered:
        return Verdict(busy=False, rule="you have not answered it", setting="unanswered")
    return None


def _by_length(event: Event, rules: BusyRules) -> Verdict:
    if isinstance(event.start, Day):
        return Verdict(rules.all_day, "it lasts all day", "all_day")
    match event.answer:
        case Answer.DECLINED:
            return Verdict(busy=True, rule="you declined it", setting="declined")
        case Answer.TENTATIVE:
            return Verdict(busy=True, rule="you answered maybe", setting="tentative")
        case Answer.OPEN:
            rule = "you have not answered it, and may have to be there"
            return Verdict(busy=True, rule=rule, setting="unanswered")
        case _ if event.transparent:
            return Verdict(busy=True, rule="it is shown as free", setting="transparent")
        case _:
            return Verdict(busy=True, rule="it takes place")
