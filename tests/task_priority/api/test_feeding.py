"""The plan as a calendar, for whoever knows its address."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from icalendar import Calendar

from task_priority.api import feeding
from task_priority.feed_secret import FeedSecret
from tests.api.served import Reply, Served
from tests.task_priority.api.household import Household


@pytest.fixture
def secret(household: Household) -> str:
    return FeedSecret(household.home).make()


@pytest.fixture
def api(household: Household) -> Iterator[Served]:
    household.connect_files()
    household.home.settings.write_text(
        'zone = "UTC"\n[hours]\n' + "".join(f'{day} = ["00:00-24:00"]\n' for day in (
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ))
    )  # fmt: skip
    with household.served() as found:
        yield found


def fed(api: Served, secret: str, **headers: str) -> Reply:
    return api.ask("GET", f"/plan/{secret}.ics", key=None, headers=headers)


def test_the_feed_is_a_calendar_of_the_plan(secret: str, api: Served) -> None:
    answer = fed(api, secret)
    assert answer.header("Content-Type") == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.body)
    titles = {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}
    planned = {one["title"] for one in api.ask("GET", "/plan").json["plan"]["placed"]}
    assert planned
    assert planned <= {title.split(" (")[0] for title in titles}


def test_what_a_calendar_has_is_not_sent_again(secret: str, api: Served) -> None:
    seen = str(fed(api, secret).header("ETag"))
    again = fed(api, secret, **{"If-None-Match": seen})
    if again.status == 200:  # a minute ended in between
        again = fed(api, secret, **{"If-None-Match": str(again.header("ETag"))})
    assert (again.status, again.body) == (304, b"")
    assert again.header("Cache-Control") == "private, no-cache"


@pytest.mark.parametrize("wrong", ["x", "A" * 43, "%2e%2e", "ö"])
def test_another_address_leads_nowhere(secret: str, api: Served, wrong: str) -> None:
    assert fed(api, quote(wrong, safe="%")).status in {404, 422}
    assert fed(api, secret[:-1]).code == "NOT_FOUND"


def test_without_a_secret_there_is_no_feed(api: Served) -> None:
    assert fed(api, "None").code == "NOT_FOUND"
    assert fed(api, "A").code == "NOT_FOUND"


def test_a_new_secret_shuts_the_old_one_out(household: Household, secret: str, api: Served) -> None:
    made = FeedSecret(household.home).make()
    assert fed(api, secret).status == 404
    assert fed(api, made).status == 200


def test_the_secret_is_in_a_file_for_its_owner_alone(household: Household, secret: str) -> None:
    (file,) = (household.home.folder / "credentials").glob("plan-feed*")
    assert json.loads(file.read_text())["secret"] == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in repr(FeedSecret(household.home))


def test_a_damaged_secret_is_told_without_it(household: Household, secret: str, api: Served) -> None:
    (household.home.folder / "credentials" / "plan-feed.json").write_text(secret)
    answer = fed(api, secret)
    assert answer.code == "CONFIG_ERROR"
    assert "task-priority feed --reset" in answer.json["error"]["message"]


def test_a_defect_tells_the_log_no_secret(
    secret: str, api: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_plan: object) -> bytes:
        raise RuntimeError("a defect")

    monkeypatch.setattr(feeding, "plan_feed", fail)
    assert fed(api, secret).code == "INTERNAL_ERROR"
    (told,) = [str(vars(one)) for one in caplog.records if "api.failed" in one.getMessage()]
    assert "/plan/{secret}.ics" in told
    assert secret not in told + caplog.text
