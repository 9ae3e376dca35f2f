"""Whatever is damaged in a calendar, nothing raises, nothing hangs, and nothing disappears unsaid."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from task_priority.exporters.ics.components import NoCalendar, calendars_in
from task_priority.exporters.ics.objects import KINDS, objects_in
from tests.task_priority.exporters.ics.seen import CORPUS, reading_of

DOCUMENTS = [path.read_bytes() for path in sorted(CORPUS.glob("*.ics"))]
_LINES = sorted({line for document in DOCUMENTS for line in re.split(rb"\r\n|\r|\n", document)})
_PIECES = [
    b"\r\n ", b"\n\t", b":", b";", b'"', b"\\", b"\0", b"\xff\xfe", b"\xc3", b"=", b",", b"/", b"99999999", b"-1", b"Z",
    b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VTIMEZONE\r\n",
    b"RRULE:FREQ=SECONDLY;INTERVAL=999999999\r\n", b"RRULE:FREQ=MINUTELY;COUNT=999999999;BYDAY=MO\r\n",
    b"DURATION:P999999D\r\n", b"DURATION:-P1W\r\n", b"DTSTART:00010101T000000\r\n", b"DTEND:99991231T235959\r\n",
    b"RECURRENCE-ID;RANGE=THISANDFUTURE:99991231\r\n", b"EXDATE:00010101\r\n", b"DTSTART;TZID=X:99991231T240000\r\n",
]  # fmt: skip
MOST_CPU_S = 10.0
QUICK = settings(max_examples=150, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=2_000)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a calendar of the corpus with some damage; most are whole enough to be looked at."""
    document = bytearray(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(document)))
        match draw(st.integers(0, 3)):
            case 0:
                document[place:place] = draw(st.sampled_from(_PIECES))
            case 1:
                document[place:place] = b"\r\n" + draw(st.sampled_from(_LINES)) + b"\r\n"
            case 2:
                del document[place : place + draw(st.integers(1, 40))]
            case _:
                document[place : place + 1] = bytes([draw(st.integers(0, 255))])
    if draw(st.booleans()):
        return b"BEGIN:VCALENDAR\r\n" + bytes(document) + b"\r\nEND:VCALENDAR\r\n"
    return bytes(document)


@QUICK
@given(damaged())
def test_damage_is_survived_and_told(document: bytes) -> None:
    _survives(document)


@pytest.mark.slow
@pytest.mark.timeout(900)
@LONG
@given(damaged())
def test_very_much_damage_is_survived_and_told(document: bytes) -> None:
    _survives(document)


@settings(max_examples=150)
@given(st.binary(max_size=300))
@example(b"BEGIN:VCALENDAR\nEND:\nBEGIN:VTODO\nEND:VCALENDAR")
@example(b"BEGIN:VCALENDAR\nEND:VCALENDAR")
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR")
def test_any_bytes_are_survived(document: bytes) -> None:
    _survives(document)


def _survives(document: bytes) -> None:
    begun = time.process_time()
    try:
        taken = objects_in(document, "corpus")
    except NoCalendar:
        return
    received = sum(len(list(calendar.within(KINDS))) for calendar in calendars_in(document))
    assert len(taken.found) + len(taken.set_aside) == received
    assert all(one.reason for one in taken.set_aside)
    for one in taken.found:
        assert json.loads(json.dumps(one.data)) == one.data
    reading = reading_of(taken)
    assert all(one.reason for one in reading.unread)
    assert time.process_time() - begun < MOST_CPU_S
