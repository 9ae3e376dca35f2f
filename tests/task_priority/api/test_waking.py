"""Todoist's webhooks: signed ones lead to a sync at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta

import pytest

from crossdock import Hub, Status
from task_priority.sandbox import Sandbox
from task_priority.sources import TODOIST, TODOIST_WEBHOOK
from tests.api.served import Reply, Served
from tests.task_priority.api.household import Household

SECRET = "of the app in the console"  # noqa: S105 - of this test alone
BODY = b'{"event_name":"item:added","user_id":"2671355"}'


@pytest.fixture
def api(household: Household) -> Iterator[Served]:
    with household.served() as found:
        yield found


def told(api: Served, *, delivery: str = "d1", body: bytes = BODY, secret: str = SECRET) -> Reply:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    headers = {"X-Todoist-Hmac-SHA256": signature, "X-Todoist-Delivery-ID": delivery}
    return api.ask("POST", "/exporters/todoist/webhook", body, key=None, headers=headers)


def test_a_signed_webhook_asks_the_exporter_to_run(household: Household, api: Served) -> None:
    household.credentials.store(TODOIST_WEBHOOK, {"secret": SECRET})
    assert (told(api).status, told(api).json) == (200, {"taken": True})
    assert told(api, delivery="d2").status == 200
    messages = api.queue.list(TODOIST)
    assert [one.message.data for one in messages] == [{"full": False}] * 2
    assert {one.message.partitionkey for one in messages} == {TODOIST}


def test_what_is_not_signed_is_not_believed(household: Household, api: Served) -> None:
    assert told(api, secret="").code == "UNAUTHORIZED"
    household.credentials.store(TODOIST_WEBHOOK, {"secret": SECRET})
    assert told(api, secret="guess").code == "UNAUTHORIZED"  # noqa: S106 - a wrong one
    assert api.ask("POST", "/exporters/todoist/webhook", BODY, key=None).code == "UNAUTHORIZED"
    assert api.queue.list(TODOIST) == []


def test_the_log_says_why_a_webhook_was_refused_and_nothing_of_what_is_in_it(
    household: Household, api: Served, caplog: pytest.LogCaptureFixture
) -> None:
    told(api)
    household.credentials.store(TODOIST_WEBHOOK, {"secret": SECRET})
    told(api, secret="guess")  # noqa: S106 - a wrong one
    lines = [one.getMessage() for one in caplog.records if "webhook.refused" in one.getMessage()]
    assert [line.partition("is refused: ")[2] for line in lines] == [
        "the client secret of the Todoist app is not known; `task-priority connect todoist-webhook` keeps it",
        "it is not signed with the client secret of the Todoist app",
    ]
    assert all("a webhook to todoist from 127.0.0.1" in line for line in lines)
    assert not any(secret in line for line in lines for secret in (SECRET, "item:added", "2671355"))


def test_many_at_once_are_answered_by_one_run(household: Household, sandbox: Sandbox) -> None:
    household.connect_todoist(sandbox)
    household.credentials.store(TODOIST_WEBHOOK, {"secret": SECRET})
    configuration = household.home.configuration
    configuration.write_text(configuration.read_text().replace("crossdock.db", f"{household.folder}/work.db"))
    with household.served() as api, Hub(configuration) as hub:
        before = len(hub.exports.history(TODOIST))
        for number in range(5):
            assert told(api, delivery=f"d{number}").status == 200
        hub.run(TODOIST, wait=timedelta(0))
        assert {one.status for one in api.queue.list(TODOIST)} == {Status.COMPLETED}
        assert len(hub.exports.history(TODOIST)) == before + 1
