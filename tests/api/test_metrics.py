"""Metrics, read by the parsers of Prometheus itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from crossdock import PermanentError
from crossdock.domain.key import Scope
from tests.api.served import Served


def look(api: Served, key: str | None = "") -> dict[tuple[str, ...], float]:
    """Return every number, by its name and the values of its labels."""
    api.application.state.crossdock.tally._looked_at = float("-inf")
    answer = api.ask("GET", "/metrics", key=key)
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parse_plain(answer.body.decode())
        for sample in family.samples
    }


def test_metrics_tell_what_happened_since_the_first_look(api: Served) -> None:
    api.queue.send("validator", 0)
    look(api)
    for number in range(3):
        api.queue.send("validator", number)
    first, second, third = api.queue.claim("validator", limit=3)
    first.ack()
    second.nack("again")
    third.fail(PermanentError("never"))
    found = look(api)
    assert found["crossdock_queue_messages", "validator", "ready"] == 1
    assert found["crossdock_queue_messages", "validator", "scheduled"] == 1
    assert found["crossdock_queue_oldest_due_age_seconds", "validator"] > 0
    assert found["crossdock_sent_total", "validator", "tests"] == 3
    assert found["crossdock_completed_total", "validator"] == 1
    assert found["crossdock_nacks_total", "validator", "TRANSIENT"] == 1
    assert found["crossdock_dead_letters_total", "validator", "PERMANENT"] == 1
    assert found["crossdock_wait_seconds_count", "validator", "tests"] == 1
    assert found["crossdock_work_seconds_bucket", "validator", "tests", "+Inf"] == 1
    assert 0 < found["crossdock_process_start_time_seconds",] <= time.time()


def test_metrics_and_health_tell_when_the_file_was_found_sound(api: Served) -> None:
    examinations = api.queue._store.examinations
    assert examinations is not None
    assert ("crossdock_store_examined_time_seconds",) not in look(api)
    assert api.ask("GET", "/health").json["details"]["examined_at"] is None
    examinations.note_sound(datetime(2031, 5, 17, 3, tzinfo=UTC))
    assert (
        look(api)["crossdock_store_examined_time_seconds",]
        == datetime(2031, 5, 17, 3, tzinfo=UTC).timestamp()
    )
    assert api.ask("GET", "/health").json["details"]["examined_at"] == "2031-05-17T03:00:00Z"


def test_no_counter_goes_backwards(api: Served) -> None:
    api.queue.send("validator", 0)
    look(api)
    (one,) = api.queue.claim("validator")
    one.ack()
    before = look(api)
    api.queue.replay(one.message.id)
    again = look(api)
    assert again["crossdock_replays_total", "validator", ""] == 1
    assert all(again[name] >= value for name, value in before.items() if name[0].endswith("_total"))
    assert again["crossdock_completed_total", "validator"] == 1


def test_openmetrics_are_given_to_those_who_read_them(api: Served) -> None:
    api.queue.send("validator", 0)
    look(api)
    api.queue.send("validator", 1)
    api.queue.claim("validator")[0].ack()
    api.application.state.crossdock.tally._looked_at = float("-inf")
    answer = api.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert (answer.header("Content-Type") or "").startswith("application/openmetrics-text")
    families = {family.name: family for family in parse_open(answer.body.decode())}
    assert families["crossdock_sent"].type == "counter"
    assert families["crossdock_wait_seconds"].type == "histogram"


def test_a_key_of_one_app_reads_the_metrics_of_that_one_alone(api: Served) -> None:
    for app in ("validator", "warehouse"):
        api.queue.send(app, 1)
    key = api.key("bound", frozenset({Scope.METRICS_READ}), app="warehouse")
    assert {name[1] for name in look(api, key)} == {"warehouse"}
