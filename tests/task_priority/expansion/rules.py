"""Rules of repetition made by hypothesis: every part that RFC 5545 allows with a frequency, few at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from task_priority.expansion.rule import parse_rule
from task_priority.expansion.unfolding import Span, TooMany, unfold

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LOOKED_AT = timedelta(days=4 * 365)
_STEPS = {"HOURLY": 24, "MINUTELY": 24 * 60, "SECONDLY": 24 * 60 * 60}


def _some(*numbers: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(numbers), min_size=1, max_size=3, unique=True).map(
        lambda chosen: ",".join(str(one) for one in sorted(chosen))
    )


def _days(*numbers: str) -> st.SearchStrategy[str]:
    days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True)
    return st.builds(
        lambda nth, names: ",".join(f"{nth}{name}" for name in names), st.sampled_from(numbers), days
    )


_MONTHS = _some(1, 2, 3, 6, 9, 11, 12)
_MONTH_DAYS = _some(1, 2, 13, 28, 29, 30, 31, -1, -2, -30, -31)
_YEAR_DAYS = _some(1, 59, 60, 100, 365, 366, -1, -100, -366)
_WITHIN_MONTH = _days("", "1", "2", "-1", "5", "-5")
_PARTS = {
    "YEARLY": (
        {"BYMONTH": _MONTHS, "BYMONTHDAY": _MONTH_DAYS},
        {"BYMONTH": _MONTHS, "BYDAY": _WITHIN_MONTH},
        {"BYDAY": _days("", "1", "20", "-1", "53", "-53")},
        {"BYMONTHDAY": _MONTH_DAYS, "BYDAY": _days("")},
        {"BYYEARDAY": _YEAR_DAYS},
        {"BYWEEKNO": _some(1, 2, 20, 52, 53, -1, -2), "BYDAY": _days("")},
    ),
    "MONTHLY": ({"BYMONTH": _MONTHS, "BYMONTHDAY": _MONTH_DAYS}, {"BYMONTHDAY": _MONTH_DAYS, "BYDAY": _days("")},
                {"BYDAY": _WITHIN_MONTH}),
    "WEEKLY": ({"BYMONTH": _MONTHS, "BYDAY": _days("")}, {"BYDAY": _days("")}),
    "DAILY": ({"BYMONTH": _MONTHS, "BYDAY": _days("")}, {"BYMONTHDAY": _MONTH_DAYS}),
    "HOURLY": ({"BYMONTH": _MONTHS, "BYDAY": _days("")}, {"BYMONTHDAY": _MONTH_DAYS}),
    "MINUTELY": ({"BYDAY": _days("")}, {"BYMONTHDAY": _MONTH_DAYS}),
    "SECONDLY": ({"BYDAY": _days("")},),
}  # fmt: skip
_TIMES = {
    "BYHOUR": _some(0, 1, 9, 12, 23), "BYMINUTE": _some(0, 1, 15, 59), "BYSECOND": _some(0, 30, 59),
}  # fmt: skip

STARTS = st.datetimes(datetime(2023, 12, 20), datetime(2028, 3, 5)).map(
    lambda start: start.replace(microsecond=0)
)


@st.composite
def rules(draw: st.DrawFn, frequencies: tuple[str, ...] = tuple(_PARTS)) -> str:
    """Return an endless rule."""
    frequency = draw(st.sampled_from(frequencies))
    parts = {"FREQ": frequency}
    chosen = draw(st.sampled_from(_PARTS[frequency]))
    parts |= {name: draw(value) for name, value in chosen.items() if draw(st.booleans())}
    if set(chosen) & {"BYWEEKNO"}:
        parts |= {"BYDAY": parts.get("BYDAY", "MO"), "BYWEEKNO": draw(chosen["BYWEEKNO"])}
    parts |= {name: draw(value) for name, value in _TIMES.items() if draw(st.integers(0, 4)) == 0}
    if "BYWEEKNO" not in parts and draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.sampled_from((2, 3, 5, 7, 12, 25))))
    if frequency in {"WEEKLY", "YEARLY"} and draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(("SU", "MO", "WE")))
    if frequency in {"YEARLY", "MONTHLY", "WEEKLY"} and len(parts) > 2 and draw(st.integers(0, 3)) == 0:
        parts["BYSETPOS"] = draw(_some(1, 2, 3, -1, -2))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@st.composite
def cases(draw: st.DrawFn, frequencies: tuple[str, ...] = tuple(_PARTS)) -> tuple[str, datetime]:
    """Return a rule and a start that fits it; some rules count."""
    rule = draw(rules(frequencies))
    start = draw(STARTS)
    first = first_times(rule, start, 1)
    if not first or first_times(rule, first[0], 1) != first:
        return rule, start
    if draw(st.booleans()):
        rule += f";COUNT={draw(st.integers(1, 12))}"
    return rule, first[0]


def span_from(rule: str, start: datetime) -> Span:
    """Return what of a rule is compared: years, and of what repeats within days less."""
    frequency = rule.removeprefix("FREQ=").partition(";")[0]
    return Span(start, start + (_LOOKED_AT / _STEPS[frequency] if frequency in _STEPS else _LOOKED_AT))


def first_times(rule: str, start: datetime, count: int) -> list[datetime]:
    """Return the first times of a rule as we find them."""
    try:
        return unfold(parse_rule(rule), start, span_from(rule, start))[:count]
    except TooMany:
        return []
