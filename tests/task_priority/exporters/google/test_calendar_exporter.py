"""Calendars and events are exported as they are, whatever Google's answers look like."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crossdock import CredentialError, PermanentError, RateLimited, TransientError
from crossdock.exporting import Pull
from crossdock.testing import ScriptedExporter
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import GoogleCalendarExporter
from tests.task_priority.exporters.google.far_google import Answer, FarGoogle, Fault, error
from tests.task_priority.exporters.google.local import Local, kept_of

MINE = "kari@example.com"
HOLIDAYS = "no#holiday@group.v.calendar.google.com"
NINE = {"dateTime": "2026-11-26T09:00:00+01:00", "timeZone": "Europe/Oslo"}
TEN = {"dateTime": "2026-11-26T10:00:00+01:00", "timeZone": "Europe/Oslo"}
EVENTS_OF_MINE = "/calendar/v3/calendars/kari%40example.com/events"


@pytest.fixture
def local() -> Iterator[Local]:
    with kept_of("google-calendar") as local:
        yield local


@pytest.fixture
def exporter(far: FarGoogle, credentials: Credentials, asking: Asking) -> GoogleCalendarExporter:
    far.add_calendar(MINE, primary=True, summary="Work")
    return GoogleCalendarExporter(credentials, asking, base_url=f"{far.url}/calendar/v3")


def titles(local: Local) -> set[str]:
    return {event.get("summary", event["id"]) for event in local.of("events").values()}


def put_many(far: FarGoogle, count: int, calendar: str = MINE) -> None:
    for number in range(count):
        far.put(calendar, f"e{number}", start=NINE, end=TEN)


def test_all_pages_are_read_and_only_changes_after_that(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 8)
    local.sync(exporter)
    assert len(local.of("events")) == 8
    assert set(local.of("calendars")) == {MINE}
    far.put(MINE, "e3", start=NINE, end=TEN, summary="moved")
    far.delete(MINE, "e4")
    local.sync(exporter)
    assert local.changes == 2
    assert local.of("events")[f"{MINE}/e3"]["summary"] == "moved"
    assert f"{MINE}/e4" not in local.of("events")
    assert "syncToken" in far.asked(EVENTS_OF_MINE)[-1]


def test_what_did_not_change_changes_nothing(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 4)
    local.sync(exporter)
    local.sync(exporter)
    assert (local.changes, local.remarks) == (0, [])
    local.sync(exporter, full=True)
    assert local.changes == 0


def test_an_empty_page_is_not_the_last(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    far.empty_pages = True
    put_many(far, 7)
    local.sync(exporter)
    assert len(local.of("events")) == 7
    assert local.states[f"events/{MINE}"]["token"]


def test_an_expired_token_reads_all_anew_finds_what_was_deleted_and_says_so(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 5)
    local.sync(exporter)
    far.delete(MINE, "e1")
    del far.calendars[MINE].events["e1"]
    far.expire(MINE)
    local.sync(exporter)
    assert local.changes == 1
    assert f"{MINE}/e1" not in local.of("events")
    (remark,) = local.remarks
    assert remark.startswith(
        "Google no longer tells what changed in Work (410 fullSyncRequired: Sync token is no"
    )
    assert remark.endswith("): all was read anew")


@pytest.mark.parametrize("pages_before", [1, 2])
def test_a_token_that_expires_amid_the_pages_voids_what_was_read_of_them(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local, pages_before: int
) -> None:
    put_many(far, 9)
    local.sync(exporter)
    put_many(far, 9)
    for number in range(4):
        far.delete(MINE, f"e{number}")
    far.faults.append(Fault("/events", error(410, "fullSyncRequired"), after=pages_before))
    local.sync(exporter)
    assert titles(local) == {f"e{number}" for number in range(4, 9)}
    assert "all was read anew" in local.remarks[0]
    assert "syncToken" not in far.asked(EVENTS_OF_MINE)[-1]


def test_pages_that_are_lost_amid_a_full_read_are_read_anew(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 9)
    far.faults.append(Fault("/events", error(410, "fullSyncRequired"), after=2))
    local.sync(exporter)
    assert len(local.of("events")) == 9
    far.faults.append(Fault("/events", error(410, "fullSyncRequired"), after=1, times=9))
    with pytest.raises(TransientError, match="loses its place again and again in Work"):
        local.sync(exporter, full=True)
    assert len(local.of("events")) == 9


def test_410_of_one_calendar_does_not_touch_another(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    far.add_calendar(HOLIDAYS, summary="Holidays")
    put_many(far, 2)
    put_many(far, 2, HOLIDAYS)
    local.sync(exporter)
    far.expire(HOLIDAYS)
    local.sync(exporter)
    assert len(local.of("events")) == 4
    assert "syncToken" in far.asked(EVENTS_OF_MINE)[-1]
    assert len(local.remarks) == 1


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (error(403, "rateLimitExceeded", "Rate Limit Exceeded"), None),
        (error(403, "userRateLimitExceeded"), None),
        (error(403, None, status="RESOURCE_EXHAUSTED"), None),
        (error(403, "quotaExceeded", "Calendar usage limits exceeded."), timedelta(hours=1)),
        (Answer(403, error(403, "rateLimitExceeded").body, {"retry-after": "17"}), timedelta(seconds=17)),
        (Answer(429, b"slow down", {"retry-after": "30"}), timedelta(seconds=30)),
        (Answer(429, b"slow down", {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}), timedelta(days=1)),
    ],
)
def test_limits_under_any_status_are_limits(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local, answer: Answer, wait: timedelta | None
) -> None:
    far.faults.append(Fault("/events", answer))
    with pytest.raises(RateLimited) as caught:
        local.sync(exporter)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize(
    ("answer", "error_and_words"),
    [
        (
            error(403, "accessNotConfigured"),
            (CredentialError, "not switched on for your client: enable it at https://"),
        ),
        (error(403, None, details=[{"reason": "SERVICE_DISABLED"}]), (CredentialError, "not switched on")),
        (
            error(403, "insufficientPermissions"),
            (CredentialError, "granted less than is needed.*tick all boxes"),
        ),
        (
            error(403, None, details=[{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]),
            (CredentialError, "granted less"),
        ),
        (
            error(403, "notACalendarUser", "The user must be signed up"),
            (PermanentError, "does not give the list"),
        ),
        (
            error(410, "gone", "This API is retired."),
            ((PermanentError, "has retired.*install a newer version")),
        ),
        (error(400, "badRequest", "Bad Request"), (PermanentError, "does not understand the question")),
        (Answer(302, b"", {"location": "/login"}), (TransientError, "answers 302")),
        (Answer(200, b"<html>Log in to the network</html>"), (TransientError, "answer is not whole")),
        (Answer(200, b"[" * 100_000), (TransientError, "answer is not whole")),
        (Answer(403, b"[" * 100_000), (PermanentError, "does not give the list")),
        (Answer(200, {}), (TransientError, "no calendar#calendarList")),
        (
            Answer(200, {"kind": "calendar#calendarList", "items": {}}),
            ((TransientError, "whose items are none")),
        ),
        (
            Answer(200, {"kind": "calendar#calendarList", "items": []}),
            ((TransientError, "nothing was changed")),
        ),
        (error(503, "backendError"), (TransientError, "answers 503")),
    ],
)
def test_an_answer_that_is_none_stops_the_run_in_words_and_changes_nothing(
    far: FarGoogle,
    exporter: GoogleCalendarExporter,
    local: Local,
    answer: Answer,
    error_and_words: tuple[type[Exception], str],
) -> None:
    kind, words = error_and_words
    put_many(far, 2)
    local.sync(exporter)
    far.faults.append(Fault("/calendarList", answer))
    with pytest.raises(kind, match=words):
        local.sync(exporter)
    assert len(local.of("events")) == 2


def test_half_an_answer_takes_nothing_away(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 2)
    local.sync(exporter)
    whole = b'{"kind": "calendar#events", "items": [{"id":'
    far.faults.append(Fault("/events", Answer(200, whole, {"content-length": "9999", "connection": "close"})))
    with pytest.raises(TransientError):
        local.sync(exporter, full=True)
    assert len(local.of("events")) == 2


def test_pages_without_end_are_left(far: FarGoogle, exporter: GoogleCalendarExporter, local: Local) -> None:
    page = {"kind": "calendar#events", "items": [], "nextPageToken": "again"}
    far.faults.append(Fault("/events", Answer(200, page), times=9))
    with pytest.raises(TransientError, match="pages without end"):
        local.sync(exporter)


def test_without_a_sync_token_nothing_is_removed_and_all_is_read_again(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    put_many(far, 2)
    local.sync(exporter)
    page = {"kind": "calendar#events", "items": [{"id": "e9", "status": "confirmed"}]}
    far.faults.append(Fault("/events", Answer(200, page)))
    local.sync(exporter, full=True)
    assert titles(local) == {"e0", "e1", "e9"}
    assert local.remarks == [
        "Google gave no sync token for Work: nothing was removed, all will be read again"
    ]
    local.sync(exporter)
    assert titles(local) == {"e0", "e1"}


@pytest.mark.parametrize(
    "answer", [error(404, "notFound", "Not Found"), error(403, "forbidden", "Forbidden")]
)
def test_a_calendar_that_is_refused_does_not_stop_the_others(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local, answer: Answer
) -> None:
    far.add_calendar(HOLIDAYS, summary="Holidays", summaryOverride="Free days")
    put_many(far, 2)
    put_many(far, 2, HOLIDAYS)
    local.sync(exporter)
    far.put(MINE, "new", start=NINE, end=TEN)
    far.faults.append(Fault("holiday", answer, times=5))
    local.sync(exporter)
    assert f"{MINE}/new" in local.of("events")
    assert f"{HOLIDAYS}/e0" in local.of("events")
    assert local.remarks[0].startswith(f"Google does not give the events of Free days ({answer.status} ")


def test_a_calendar_that_vanished_takes_its_events_along(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    far.add_calendar(HOLIDAYS)
    put_many(far, 2)
    put_many(far, 2, HOLIDAYS)
    local.sync(exporter)
    assert f"events/{HOLIDAYS}" in local.states
    far.remove_calendar(HOLIDAYS)
    local.sync(exporter)
    assert {key.rpartition("/")[0] for key in local.of("events")} == {MINE}
    assert f"events/{HOLIDAYS}" not in local.states
    assert set(local.of("calendars")) == {MINE}


def test_shown_calendars_are_read_unless_others_are_named(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local, credentials: Credentials, asking: Asking
) -> None:
    far.add_calendar("quiet", selected=False)
    far.add_calendar("hidden", hidden=True)
    local.sync(exporter)
    assert {one for one in local.states if one.startswith("events/")} == {f"events/{MINE}"}
    named = GoogleCalendarExporter(
        credentials, asking, calendars=["primary", "quiet", "lost"], base_url=f"{far.url}/calendar/v3"
    )
    local.sync(named)
    assert {one for one in local.states if one.startswith("events/")} == {f"events/{MINE}", "events/quiet"}
    assert local.remarks == ["Google lists no calendar lost"]


def test_a_calendar_that_never_came_to_an_end_comes_first(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    local.sync(exporter)
    far.add_calendar("zoo")
    far.requests.clear()
    local.sync(exporter)
    assert [path for path, _ in far.requests if path.endswith("/events")] == [
        "/calendar/v3/calendars/zoo/events",
        EVENTS_OF_MINE,
    ]


def test_a_cancelled_repetition_is_kept_as_long_as_its_series(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    far.put(MINE, "weekly", start=NINE, end=TEN, recurrence=["RRULE:FREQ=WEEKLY"])
    far.except_(MINE, "weekly", "2026-12-03T09:00:00+01:00")
    local.sync(exporter)
    far.except_(MINE, "weekly", "2026-12-10T09:00:00+01:00")
    far.except_(MINE, "weekly", "2026-12-17T09:00:00+01:00", start=TEN, end=TEN)
    local.sync(exporter)
    assert len(local.of("events")) == 4
    far.delete(MINE, "weekly")
    local.sync(exporter)
    assert not local.of("events")
    assert local.states[f"events/{MINE}"]["exceptions"] == {}


def test_a_cancelled_repetition_is_kept_the_same_whatever_else_google_tells_of_it(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    far.put(MINE, "weekly", start=NINE, end=TEN, recurrence=["RRULE:FREQ=WEEKLY"])
    local.sync(exporter)
    far.except_(MINE, "weekly", "2026-12-03T09:00:00+01:00")
    (name,) = far.calendars[MINE].events.keys() - {"weekly"}
    told = far.calendars[MINE].events[name]
    far.calendars[MINE].events[name] = {
        **told,
        "etag": '"1"',
        "updated": "2026-12-01T08:00:00.000Z",
        "start": NINE,
    }
    local.sync(exporter)
    assert local.of("events")[f"{MINE}/{name}"] == told
    far.calendars[MINE].events[name] = {**told, "etag": '"2"'}
    local.sync(exporter, full=True)
    assert local.changes == 0


def test_a_broken_object_is_set_aside_and_the_others_are_taken(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    good = {"id": "good", "status": "confirmed"}
    items: list[Any] = [None, {"summary": "no id"}, good, {"id": 7}, "text"]
    page = {
        "kind": "calendar#events",
        "items": items,
        "nextSyncToken": "0|0|maxResults=2500&singleEvents=false",
    }
    far.faults.append(Fault("/events", Answer(200, page)))
    local.sync(exporter)
    assert set(local.of("events")) == {f"{MINE}/good"}
    assert {(one.kind, one.reason) for one in local.set_aside} == {("events", "it has no id")}
    received = [*(one.data for one in local.set_aside), good]
    assert sorted(map(repr, received)) == sorted(map(repr, items))


def test_a_token_of_another_question_is_not_used(
    far: FarGoogle, exporter: GoogleCalendarExporter, local: Local
) -> None:
    local.sync(exporter)
    state = {"asked": {"maxResults": 10}, "token": "0|0|", "exceptions": {}}
    local.sync(ScriptedExporter([Pull(f"events/{MINE}", state)], name=exporter.name, kinds=exporter.kinds))
    local.sync(exporter)
    assert "syncToken" not in far.asked(EVENTS_OF_MINE)[-1]
