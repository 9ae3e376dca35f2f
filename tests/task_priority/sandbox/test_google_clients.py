"""The official clients of Google, unchanged, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from task_priority.sandbox import Sandbox

_DAY = {"timeMin": "2026-03-04T00:00:00+01:00", "timeMax": "2026-03-05T00:00:00+01:00"}


@pytest.fixture(scope="module")
def calendar(sandbox: Sandbox) -> Iterator[Any]:
    with _service(sandbox, "calendar", "v3", sandbox.calendar_url) as made:
        yield made


@pytest.fixture(scope="module")
def tasks(sandbox: Sandbox) -> Iterator[Any]:
    with _service(sandbox, "tasks", "v1", sandbox.tasks_url) as made:
        yield made


def _service(sandbox: Sandbox, name: str, version: str, endpoint: str) -> Any:
    credentials = Credentials(token=sandbox.token)
    options = {"api_endpoint": endpoint}
    return build(name, version, credentials=credentials, client_options=options, cache_discovery=False)


def _all(collection: Any, **parameters: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the items of all pages, and the last page."""
    request, items = collection.list(**parameters), []
    while True:
        page = request.execute()
        items += page["items"]
        following = collection.list_next(request, page)
        if following is None:
            return items, page
        assert "nextSyncToken" not in page
        request = following


def _reason(caught: pytest.ExceptionInfo[HttpError]) -> tuple[int, str]:
    return caught.value.resp.status, caught.value.error_details[0]["reason"]


def _at(clock: str) -> dict[str, str]:
    return {"dateTime": f"2026-03-11T{clock}:00", "timeZone": "Europe/Oslo"}


def test_calendars_are_listed_without_what_is_false(calendar: Any) -> None:
    items, page = _all(calendar.calendarList())
    names = {one["summary"]: one for one in items}
    assert "Old project" not in names
    assert names["Holidays in Norway"]["id"].count("#") == 1
    assert [one["id"] for one in items if one.get("primary")] == ["kari@example.com"]
    assert all(
        one.get(flag) is not False for one in items for flag in ("primary", "selected", "hidden", "deleted")
    )
    hidden, _ = _all(calendar.calendarList(), syncToken=page["nextSyncToken"])
    assert hidden == []
    assert "Old project" in {one["summary"] for one in _all(calendar.calendarList(), showHidden=True)[0]}


def test_an_id_with_odd_characters_is_found(calendar: Any) -> None:
    items, _ = _all(calendar.events(), calendarId="en.norwegian#holiday@group.v.calendar.google.com")
    assert [one["summary"] for one in items] == ["A day off"]


def test_series_are_told_with_their_exceptions(calendar: Any) -> None:
    items, _ = _all(calendar.events(), calendarId="primary", maxResults=5)
    by_id = {one["id"]: one for one in items}
    (series,) = [one for one in items if one.get("summary") == "Stand-up" and "recurrence" in one]
    exceptions = [one for one in items if one.get("recurringEventId") == series["id"]]
    (moved,) = [one for one in exceptions if one["status"] == "confirmed"]
    (cancelled,) = [one for one in exceptions if one["status"] == "cancelled"]
    assert moved["start"]["dateTime"] == "2026-03-04T11:00:00+01:00"
    assert moved["originalStartTime"]["dateTime"] == "2026-03-04T09:15:00+01:00"
    assert moved["id"] == f"{series['id']}_20260304T081500Z"
    assert cancelled.keys() == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert by_id.keys() == {one["id"] for one in items}
    assert not any(one["status"] == "cancelled" and "recurringEventId" not in one for one in items)


def test_unfolded_events_come_in_order_and_without_series(calendar: Any) -> None:
    items, page = _all(
        calendar.events(), calendarId="primary", singleEvents=True, orderBy="startTime", maxResults=2, **_DAY
    )
    assert [one.get("summary") for one in items] == ["Stand-up", "Lunch", None]
    assert "nextSyncToken" not in page


def test_bounds_are_exclusive(calendar: Any) -> None:
    event = (
        calendar.events()
        .insert(calendarId="primary", body={"start": _at("08:00"), "end": _at("08:30")})
        .execute()
    )

    def found(first: str, last: str) -> bool:
        window = {"timeMin": f"2026-03-11T{first}:00+01:00", "timeMax": f"2026-03-11T{last}:00+01:00"}
        return event["id"] in {
            one["id"] for one in _all(calendar.events(), calendarId="primary", **window)[0]
        }

    assert found("08:29", "09:00")
    assert found("07:00", "08:01")
    assert not found("08:30", "09:00")
    assert not found("07:00", "08:00")
    calendar.events().delete(calendarId="primary", eventId=event["id"]).execute()


def test_instances_are_found_by_the_series(calendar: Any, sandbox: Sandbox) -> None:
    series = sandbox.google.calendars.add_event(
        summary="Thrice", start=_at("18:00"), end=_at("19:00"), recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"]
    )
    page = calendar.events().instances(calendarId="primary", eventId=series["id"]).execute()
    starts = [one["start"]["dateTime"] for one in page["items"]]
    assert starts == [
        "2026-03-11T18:00:00+01:00",
        "2026-03-18T18:00:00+01:00",
        "2026-03-25T18:00:00+01:00",
    ]
    calendar.events().delete(calendarId="primary", eventId=page["items"][1]["id"]).execute()
    left = calendar.events().instances(calendarId="primary", eventId=series["id"]).execute()["items"]
    assert [one["start"]["dateTime"][:10] for one in left] == ["2026-03-11", "2026-03-25"]


def test_local_times_hold_across_daylight_saving(calendar: Any, sandbox: Sandbox) -> None:
    series = sandbox.google.calendars.add_event(
        summary="Sunday", start=_at("10:00"), end=_at("11:00"), recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"]
    )
    page = calendar.events().instances(calendarId="primary", eventId=series["id"]).execute()
    assert [one["start"]["dateTime"][11:] for one in page["items"]] == ["10:00:00+01:00"] * 3 + [
        "10:00:00+02:00"
    ]


def test_changes_are_told_since_a_sync_token(calendar: Any) -> None:
    events = calendar.events()
    _, page = _all(events, calendarId="primary")
    made = events.insert(
        calendarId="primary", body={"summary": "New", "start": _at("10:00"), "end": _at("11:00")}
    ).execute()
    changed, page = _all(events, calendarId="primary", syncToken=page["nextSyncToken"])
    assert [one["id"] for one in changed] == [made["id"]]
    events.patch(calendarId="primary", eventId=made["id"], body={"summary": "Newer"}).execute()
    events.delete(calendarId="primary", eventId=made["id"]).execute()
    changed, page = _all(events, calendarId="primary", syncToken=page["nextSyncToken"])
    assert [{"id": one["id"], "status": one["status"]} for one in changed] == [
        {"id": made["id"], "status": "cancelled"}
    ]
    assert _all(events, calendarId="primary", syncToken=page["nextSyncToken"])[0] == []
    with pytest.raises(HttpError) as caught:
        events.delete(calendarId="primary", eventId=made["id"]).execute()
    assert _reason(caught) == (410, "deleted")


def test_what_changes_while_pages_are_read_comes_with_the_next_token(calendar: Any, sandbox: Sandbox) -> None:
    events = calendar.events()
    request = events.list(calendarId="primary", maxResults=3)
    first = request.execute()
    id = sandbox.google.calendars.add_event(summary="Meanwhile", start=_at("07:00"), end=_at("07:30"))["id"]
    page = first
    while (request := events.list_next(request, page)) is not None:
        page = request.execute()
    changed, _ = _all(events, calendarId="primary", syncToken=page["nextSyncToken"])
    assert id in {one["id"] for one in changed}


@pytest.mark.parametrize(
    "extra",
    [
        {"timeMin": "2026-03-01T00:00:00Z"},
        {"timeMax": "2026-03-09T00:00:00Z"},
        {"updatedMin": "2026-03-01T00:00:00Z"},
        {"q": "x"},
        {"iCalUID": "x"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": False},
        {"singleEvents": True},
    ],
)
def test_what_may_not_go_with_a_sync_token_is_refused(calendar: Any, extra: dict[str, Any]) -> None:
    _, page = _all(calendar.events(), calendarId="primary")
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId="primary", syncToken=page["nextSyncToken"], **extra).execute()
    assert caught.value.resp.status == 400


@pytest.mark.parametrize(
    ("parameters", "status", "reason"),
    [
        ({"timeMin": _DAY["timeMax"], "timeMax": _DAY["timeMin"]}, 400, "timeRangeEmpty"),
        ({"timeMin": "2026-03-04T00:00:00"}, 400, "badRequest"),
        ({"orderBy": "startTime"}, 400, "badRequest"),
        ({"syncToken": "made-up"}, 400, "invalid"),
        ({"pageToken": "made-up"}, 400, "invalid"),
        ({"maxResults": 0}, 400, "invalid"),
        ({"updatedMin": "2020-01-01T00:00:00Z"}, 410, "updatedMinTooLongAgo"),
    ],
)
def test_wrong_parameters_are_refused(
    calendar: Any, parameters: dict[str, Any], status: int, reason: str
) -> None:
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId="primary", **parameters).execute()
    assert _reason(caught) == (status, reason)


def test_an_expired_sync_token_wants_a_full_sync_also_in_the_middle(calendar: Any, sandbox: Sandbox) -> None:
    events = calendar.events()
    _, page = _all(events, calendarId="primary")
    for clock in ("01:00", "02:00", "03:00"):
        sandbox.google.calendars.add_event(summary="Night", start=_at(clock), end=_at("04:00"))
    request = events.list(calendarId="primary", syncToken=page["nextSyncToken"], maxResults=1)
    first = request.execute()
    sandbox.google.calendars.expire_sync_tokens("primary")
    with pytest.raises(HttpError) as caught:
        events.list_next(request, first).execute()
    assert _reason(caught) == (410, "fullSyncRequired")
    assert caught.value.error_details[0]["location"] == "syncToken"
    _, page = _all(events, calendarId="primary")
    sandbox.faults.add("expired-sync-token", api="calendar", path="*/events")
    with pytest.raises(HttpError):
        events.list(calendarId="primary", syncToken=page["nextSyncToken"]).execute()
    events.list(calendarId="primary", syncToken=page["nextSyncToken"]).execute()


def test_calendars_of_others_tell_less(calendar: Any) -> None:
    (event,), _ = _all(calendar.events(), calendarId="jonas@example.com")
    assert "summary" not in event
    assert event["visibility"] == "private"
    with pytest.raises(HttpError) as caught:
        calendar.events().insert(
            calendarId="jonas@example.com", body={"start": _at("10:00"), "end": _at("11:00")}
        ).execute()
    assert _reason(caught) == (403, "forbidden")


def test_a_removed_calendar_is_told_and_gone(calendar: Any, sandbox: Sandbox) -> None:
    id = sandbox.google.calendars.add_calendar("Short-lived")["id"]
    _, page = _all(calendar.calendarList())
    sandbox.google.calendars.remove_calendar(id)
    changed, _ = _all(calendar.calendarList(), syncToken=page["nextSyncToken"])
    assert [(one["id"], one["deleted"]) for one in changed] == [(id, True)]
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId=id).execute()
    assert _reason(caught) == (404, "notFound")


def test_busy_time_is_merged_and_nameless(calendar: Any) -> None:
    body = {**_DAY, "items": [{"id": "kari@example.com"}, {"id": "jonas@example.com"}, {"id": "nobody"}]}
    answer = calendar.freebusy().query(body=body).execute()
    assert answer["calendars"]["kari@example.com"]["busy"] == [
        {"start": "2026-03-04T10:00:00Z", "end": "2026-03-04T10:20:00Z"},
        {"start": "2026-03-04T14:30:00Z", "end": "2026-03-04T15:00:00Z"},
    ]
    assert answer["calendars"]["jonas@example.com"]["busy"] == [
        {"start": "2026-03-04T07:00:00Z", "end": "2026-03-04T08:00:00Z"}
    ]
    assert answer["calendars"]["nobody"]["errors"][0]["reason"] == "notFound"


def test_etags_guard_changes_and_watching_is_refused(calendar: Any) -> None:
    events = calendar.events()
    made = events.insert(calendarId="primary", body={"start": _at("05:00"), "end": _at("06:00")}).execute()
    request = events.patch(calendarId="primary", eventId=made["id"], body={"summary": "x"})
    request.headers["If-Match"] = '"another"'
    with pytest.raises(HttpError) as caught:
        request.execute()
    assert _reason(caught) == (412, "conditionNotMet")
    with pytest.raises(HttpError) as caught:
        events.watch(
            calendarId="primary", body={"id": "x", "type": "web_hook", "address": "https://x"}
        ).execute()
    assert caught.value.resp.status == 400
    assert calendar.settings().get(setting="timezone").execute()["value"] == "Europe/Oslo"


@pytest.mark.parametrize(
    ("kind", "reason", "status"),
    [
        ("forbidden", "userRateLimitExceeded", 403),
        ("forbidden", "quotaExceeded", 403),
        ("forbidden", "accessNotConfigured", 403),
        ("gone", "fullSyncRequired", 410),
        ("rate-limited", "rateLimitExceeded", 429),
        ("server-error", "backendError", 500),
    ],
)
def test_errors_come_out_with_their_reason(
    calendar: Any, sandbox: Sandbox, kind: str, reason: str, status: int
) -> None:
    sandbox.faults.add(kind, api="calendar", path="*/calendarList", reason=reason)
    with pytest.raises(HttpError) as caught:
        calendar.calendarList().list().execute()
    assert _reason(caught) == (status, reason)
    assert calendar.calendarList().list().execute()["items"]


def test_the_client_tries_again_by_itself_when_told_to(calendar: Any, sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("server-error", api="calendar")
    request = calendar.calendarList().list()
    request._sleep = lambda _: None
    assert request.execute(num_retries=1)["items"]
    assert fault.met == 1


def test_task_lists_are_read_as_google_tells_them(tasks: Any, sandbox: Sandbox) -> None:
    lists, _ = _all(tasks.tasklists())
    assert {one["title"] for one in lists} == {"My Tasks", "House"}
    shown, _ = _all(tasks.tasks(), tasklist="@default", maxResults=1)
    assert {one["title"] for one in shown} == {"Gift for the jubilee", "Swap the tyres", ""}
    assert all(one["due"].endswith("T00:00:00.000Z") for one in shown if "due" in one)
    everything, _ = _all(tasks.tasks(), tasklist="@default", showHidden=True)
    assert {one["title"] for one in everything if one.get("hidden")} == {"Return the drill"}
    house = next(one["id"] for one in lists if one["title"] == "House")
    deleted, _ = _all(tasks.tasks(), tasklist=house, showDeleted=True)
    assert [one["title"] for one in deleted if one.get("deleted")] == ["Sell the old sofa"]


def test_a_google_task_goes_through_its_life(tasks: Any) -> None:
    made = (
        tasks.tasks()
        .insert(tasklist="@default", body={"title": "New", "due": "2026-03-09T22:30:00+02:00"})
        .execute()
    )
    assert made["due"] == "2026-03-09T00:00:00.000Z"
    done = tasks.tasks().patch(tasklist="@default", task=made["id"], body={"status": "completed"}).execute()
    assert done["completed"]
    since = datetime(2026, 3, 4, tzinfo=UTC).isoformat()
    changed, _ = _all(tasks.tasks(), tasklist="@default", updatedMin=since)
    assert made["id"] in {one["id"] for one in changed}
    child = tasks.tasks().insert(tasklist="@default", parent=made["id"], body={"title": "Child"}).execute()
    assert child["parent"] == made["id"]
    tasks.tasks().delete(tasklist="@default", task=made["id"]).execute()
    left, _ = _all(tasks.tasks(), tasklist="@default")
    assert {made["id"], child["id"]}.isdisjoint(one["id"] for one in left)
    with pytest.raises(HttpError) as caught:
        tasks.tasks().get(tasklist="@default", task="nowhere").execute()
    assert _reason(caught) == (404, "notFound")


def test_a_refused_task_is_not_kept(tasks: Any) -> None:
    before = tasks.tasks().list(tasklist="@default").execute()["items"]
    with pytest.raises(HttpError) as caught:
        tasks.tasks().insert(tasklist="@default", parent="nowhere", body={"title": "Child"}).execute()
    assert _reason(caught) == (400, "invalid")
    assert tasks.tasks().list(tasklist="@default").execute()["items"] == before
