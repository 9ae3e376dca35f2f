"""API3:2023, broken object property level authorization: only the properties that are meant can be set or seen."""

from __future__ import annotations

import pytest

from crossdock import Status
from tests.api.served import Served


@pytest.mark.parametrize(
    "changes",
    [{"status": "completed"}, {"lease_token": "x"}, {"attempts": 0}, {"source_app": "bank"}, {"created_by": "x"},
     {"priority": 9, "result": 1}, {"target_app": "other"}],
)  # fmt: skip
def test_an_edit_takes_the_properties_that_may_be_changed_alone(
    api: Served, changes: dict[str, object]
) -> None:
    api.queue.send("app", 1, message_id="1")
    answer = api.ask("PATCH", "/messages/1", changes, headers={"If-Match": "*"})
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    record = api.queue.get("1")
    assert (record.status, record.message.priority) == (Status.PENDING, 4)


def test_extensions_of_a_message_do_not_reach_the_columns_of_the_queue(api: Served) -> None:
    sent = api.send({}, status="completed", attempts="9", leasetoken="x", sourceapp="bank")
    assert sent.status == 202
    record = api.queue.get("1")
    assert (record.status, record.attempts, record.source_app) == (Status.PENDING, 0, "operator")


def test_no_answer_has_a_lease_token_but_that_to_its_claimer(api: Served) -> None:
    api.queue.send("app", 1, message_id="1")
    (delivery,) = api.ask("POST", "/queues/app/claim", {}).json["deliveries"]
    token = delivery["delivery"].partition(".")[2].encode()
    for path in ("/messages/1", "/messages", "/messages/1/timeline", "/queues", "/health"):
        assert token not in api.ask("GET", path).body


def test_of_a_record_only_the_fields_that_are_asked_for_are_sent(api: Served) -> None:
    api.queue.send("app", 1, message_id="1")
    assert api.ask("GET", "/messages/1?fields=status").json == {"status": "pending"}
    assert api.ask("GET", "/messages/1?fields=lease_token").status == 422
