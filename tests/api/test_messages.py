"""Sending and finding messages over HTTP."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from crossdock import Status
from crossdock.domain.key import Scope
from tests.api.served import Reply, Served

EVENT: dict[str, Any] = {
    "specversion": "1.0", "id": "1", "source": "/shop", "type": "order.placed", "data": {"order": 17},
}  # fmt: skip
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def post(api: Served, document: Any, headers: dict[str, str], query: str = "?to=validator") -> Reply:
    return api.ask("POST", f"/messages{query}", json.dumps(document).encode(), headers=headers)


def test_a_binary_event_is_stored_with_its_attributes_and_data(api: Served) -> None:
    answer = api.send(
        {"order": 17},
        id="a%20%E2%82%AC",
        subject='"quoted \\"one\\""',
        priority="7",
        partitionkey="k",
        other="x",
    )
    assert answer.status == 202
    message = api.queue.get("a €").message
    assert (message.id, message.subject, message.priority) == ("a €", 'quoted "one"', 7)
    assert (message.partitionkey, message.extensions, message.data) == ("k", {"other": "x"}, {"order": 17})


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json", b'"text"', "text"),
        ("application/vnd.a_b+json", b"[1,2]", [1, 2]),
        ("text/plain", "größe".encode(), "größe"),
        ("text/plain", b"\xff\xfe", b"\xff\xfe"),
        ("application/octet-stream", b'{"a":1}', b'{"a":1}'),
        ("application/json", b"", None),
    ],
)
def test_the_content_type_says_what_the_body_of_a_binary_event_is(
    api: Served, content_type: str, body: bytes, data: Any
) -> None:
    headers = {"ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-specversion": "1.0"}
    sent = api.ask("POST", "/messages?to=app", body, headers={**headers, "Content-Type": content_type})
    assert sent.status == 202, sent.body
    message = api.queue.get("1").message
    assert (message.data, message.datacontenttype) == (data, content_type)


def test_a_structured_event_wins_over_headers_that_copy_it(api: Served) -> None:
    encoded = {**EVENT, "data_base64": base64.b64encode(b"\0\1").decode()}
    del encoded["data"]
    answer = post(api, encoded, {**STRUCTURED, "ce-id": "other", "ce-type": "other"})
    assert answer.status == 202
    assert answer.header("Location") == "/api/v1/messages/1?source=operator"
    message = api.queue.get("1").message
    assert (message.source, message.type, message.data) == ("/shop", "order.placed", b"\0\1")


@pytest.mark.parametrize("missing", ["id", "source", "type", "specversion"])
def test_a_required_attribute_that_is_missing_is_refused_and_never_invented(
    shared_api: Served, missing: str
) -> None:
    document = {name: value for name, value in EVENT.items() if name != missing}
    structured = post(shared_api, document, STRUCTURED)
    headers = {f"ce-{name}": str(value) for name, value in document.items() if name != "data"}
    binary = shared_api.ask("POST", "/messages?to=validator", {"order": 1}, headers=headers)
    for answer in (structured, binary):
        assert (answer.status, answer.code) == (422, "INVALID_MESSAGE")
        assert missing in [detail["field"] for detail in answer.json["error"]["details"]]
    assert shared_api.queue.list() == []


@pytest.mark.parametrize("value", ["%C0%A0", "%zz", "%E2%82"])
def test_a_header_that_is_not_percent_encoded_utf_8_is_refused(shared_api: Served, value: str) -> None:
    answer = shared_api.send({}, subject=value)
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (422, "subject")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time", "2025-11-24T08:00Z"), ("time", "20251124T080000Z"), ("time", "2025-11-24 08:00:00Z"),
        ("time", "2025-11-24T08:00:00"), ("expirytime", "2031-01-01"), ("dataschema", "/schemas/order"),
        ("source", "till 3"), ("source", "größe"),
    ],
)  # fmt: skip
def test_an_attribute_that_is_not_of_its_form_is_refused_in_every_mode(
    shared_api: Served, name: str, value: str
) -> None:
    event = {**EVENT, name: value}
    batch = post(shared_api, [event], BATCH).json["messages"][0]["error"]
    headers = {f"ce-{key}": quote(str(one)) for key, one in event.items() if key != "data"}
    binary = shared_api.ask("POST", "/messages?to=validator", {}, headers=headers)
    structured = post(shared_api, event, STRUCTURED)
    for error in (batch, binary.json["error"], structured.json["error"]):
        assert (error["code"], error["details"][0]["field"]) == ("INVALID_MESSAGE", name)
    assert shared_api.queue.list() == []


def test_a_media_type_that_is_none_is_refused_in_every_mode(shared_api: Served) -> None:
    event = {**EVENT, "datacontenttype": "json"}
    batch = post(shared_api, [event], BATCH).json["messages"][0]["error"]
    headers = {f"ce-{key}": str(EVENT[key]) for key in ("id", "source", "type", "specversion")}
    binary = shared_api.ask("POST", "/messages?to=app", b"{}", headers={**headers, "Content-Type": "json"})
    for error in (batch, binary.json["error"], post(shared_api, event, STRUCTURED).json["error"]):
        assert (error["code"], error["details"][0]["field"]) == ("INVALID_MESSAGE", "datacontenttype")


def test_what_a_sender_has_not_set_is_not_made_up_when_it_is_read(api: Served) -> None:
    said = {
        **EVENT,
        "id": "2",
        "time": "2025-11-24T08:00:00Z",
        "priority": 4,
        "datacontenttype": "application/json",
    }
    for event in (EVENT, said):
        assert post(api, event, STRUCTURED).status == 202
        assert api.ask("GET", f"/messages/{event['id']}").json["message"] == event
    claimed = api.ask("POST", "/queues/validator/claim", {"limit": 2}).json["deliveries"]
    assert [one["message"] for one in claimed] == [EVENT, said]
    assert claimed[0]["sent_at"] == api.ask("GET", "/messages/1").json["created_at"]
    assert claimed[1]["sent_at"] == said["time"]
    held = api.queue.get("1").message
    assert (held.priority, held.unset) == (4, {"time", "priority", "datacontenttype"})
    api.queue.send_many("warehouse", [held])
    [passed_on] = api.ask("POST", "/queues/warehouse/claim", {}).json["deliveries"]
    assert passed_on["message"] == EVENT


def test_a_leap_second_is_taken_as_the_second_after_it(api: Served) -> None:
    assert post(api, {**EVENT, "time": "2016-12-31T23:59:60Z"}, STRUCTURED).status == 202
    assert api.ask("GET", "/messages/1").json["message"]["time"] == "2017-01-01T00:00:00Z"


@pytest.mark.parametrize("kind", ["+xml", "", "-batch+xml", "+json-seq", "-batch"])
def test_another_format_of_events_than_json_is_refused(shared_api: Served, kind: str) -> None:
    headers = {"Content-Type": f"application/cloudevents{kind}; charset=utf-8"}
    answer = post(shared_api, EVENT, headers)
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_what_is_no_event_is_refused_with_the_types_that_are_taken(shared_api: Served) -> None:
    answer = shared_api.ask("POST", "/messages?to=validator", {"order": 1})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "application/cloudevents+json" in (answer.header("Accept") or "")


def test_of_a_batch_bad_events_are_refused_one_by_one_and_the_good_ones_stored(api: Served) -> None:
    bad = {**EVENT, "id": ""}
    answer = post(api, [EVENT, bad, {**EVENT, "id": "2"}, 5], BATCH)
    assert answer.status == 207
    told = answer.json
    assert (told["stored"], told["refused"]) == (2, 2)
    assert [one.get("id") for one in told["messages"]] == ["1", None, "2", None]
    assert told["messages"][1]["error"]["details"][0]["field"] == "id"
    assert [record.message.id for record in api.queue.list()] == ["1", "2"]


def test_the_same_event_again_is_stored_once_and_named_a_duplicate(api: Served) -> None:
    first, second = post(api, EVENT, STRUCTURED), post(api, EVENT, STRUCTURED)
    assert [one.json["rows"][0]["duplicate"] for one in (first, second)] == [False, True]
    assert first.json["rows"][0]["row_id"] == second.json["rows"][0]["row_id"]
    assert len(api.queue.list()) == 1


def test_each_receiver_that_is_named_gets_a_row(api: Served) -> None:
    answer = post(api, EVENT, STRUCTURED, "?to=a&to=b&to=a")
    assert [row["app"] for row in answer.json["rows"]] == ["a", "b"]


def test_a_message_that_nobody_receives_is_refused(shared_api: Served) -> None:
    answer = post(shared_api, EVENT, STRUCTURED, "")
    assert (answer.status, answer.code) == (422, "NO_ROUTE")


def test_a_full_queue_answers_429_with_a_time_to_come_back(api: Served) -> None:
    api.queue.set_rules("validator", max_depth=1)
    assert post(api, EVENT, STRUCTURED).status == 202
    answer = post(api, {**EVENT, "id": "2"}, STRUCTURED)
    assert (answer.status, answer.code) == (429, "QUEUE_FULL")
    assert answer.header("Retry-After") == "1"
    assert post(api, EVENT, STRUCTURED).json["rows"][0]["duplicate"], "what is there already is no news"


def test_a_key_that_is_bound_to_an_app_sends_as_that_app_alone(api: Served) -> None:
    key = api.key("till", frozenset({Scope.MESSAGES_SEND}), app="shop")
    body = json.dumps(EVENT).encode()
    sent = api.ask("POST", "/messages?to=validator", body, key=key, headers=STRUCTURED)
    assert sent.json["source_app"] == "shop"
    other = api.ask("POST", "/messages?to=validator&from=bank", body, key=key, headers=STRUCTURED)
    assert (other.status, other.code) == (403, "FORBIDDEN")
    assert api.queue.get("1").created_by == "api:till"


def test_an_ambiguous_id_is_answered_with_the_candidates(api: Served) -> None:
    post(api, EVENT, STRUCTURED, "?to=a&to=b")
    answer = api.ask("GET", "/messages/1")
    assert (answer.status, answer.code) == (409, "AMBIGUOUS_MESSAGE")
    assert answer.json["error"]["candidates"] == [
        {"app": "a", "source_app": "operator"}, {"app": "b", "source_app": "operator"},
    ]  # fmt: skip
    assert api.ask("GET", "/messages/1?app=b&source=operator").json["app"] == "b"


def test_pages_follow_one_another_and_show_only_the_fields_that_are_asked_for(api: Served) -> None:
    for number in range(5):
        post(api, {**EVENT, "id": str(number)}, STRUCTURED)
    seen, cursor = [], ""
    while True:
        page = api.ask("GET", f"/messages?limit=2&fields=row_id,status&app=validator{cursor}").json
        seen += page["messages"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [{"row_id": number, "status": "pending"} for number in range(1, 6)]
    assert api.ask("GET", "/messages?cursor=xx").status == 422
    assert api.ask("GET", "/messages?fields=row_id,nix").status == 422


def test_the_link_to_the_next_page_leads_through_the_same_list(api: Served) -> None:
    for number in range(5):
        post(api, {**EVENT, "id": str(number)}, STRUCTURED, "?to=validator&to=other")
    for list_path, name in (("/messages", "messages"), ("/jobs", "jobs")):
        pages = [page.json[name] for page in api.follow(f"{list_path}?app=validator&status=pending&limit=2")]
        assert [len(page) for page in pages] == [2, 2, 1]
        assert {one["app"] for page in pages for one in page} == {"validator"}
    query = "?app=other&order=newest&fields=row_id%2C%20app"
    shown = [one for page in api.follow(f"/messages{query}&limit=2") for one in page.json["messages"]]
    assert len(shown) == 5
    assert shown == api.ask("GET", f"/messages{query}").json["messages"]


def test_an_etag_answers_304_until_the_message_changes(api: Served) -> None:
    post(api, EVENT, STRUCTURED)
    tag = api.ask("GET", "/messages/1").header("ETag") or ""
    assert api.ask("GET", "/messages/1", headers={"If-None-Match": tag}).status == 304
    api.queue.edit("1", priority=9)
    assert api.ask("GET", "/messages/1", headers={"If-None-Match": tag}).status == 200


def test_an_edit_needs_the_state_that_it_is_for(api: Served) -> None:
    post(api, EVENT, STRUCTURED)
    tag = api.ask("GET", "/messages/1").header("ETag") or ""
    assert api.ask("PATCH", "/messages/1", {"priority": 9}).code == "PRECONDITION_REQUIRED"
    done = api.ask("PATCH", "/messages/1", {"priority": 9, "data": None}, headers={"If-Match": tag})
    assert (done.status, done.json["message"]["priority"], done.json["message"]["data"]) == (200, 9, None)
    late = api.ask("PATCH", "/messages/1", {"priority": 1}, headers={"If-Match": tag})
    assert (late.status, late.code) == (412, "PRECONDITION_FAILED")
    assert api.ask("PATCH", "/messages/1", {"priority": 1}, headers={"If-Match": "*"}).status == 200
    assert [entry.who for entry in api.queue.timeline("1")] == ["api:operator"] * 3


def test_a_message_is_cancelled_and_replayed_and_its_timeline_says_by_whom(api: Served) -> None:
    post(api, EVENT, STRUCTURED)
    assert api.ask("POST", "/messages/1/replay").code == "ILLEGAL_MOVE"
    assert api.ask("POST", "/messages/1/cancel").json["status"] == "failed"
    assert api.ask("POST", "/messages/1/replay").json["status"] == "pending"
    entries = api.ask("GET", "/messages/1/timeline").json["entries"]
    assert [(one["event"], one["who"]) for one in entries] == [
        ("message.sent", "api:operator"), ("message.cancelled", "api:operator"), ("message.replayed", "api:operator"),
    ]  # fmt: skip
    assert api.queue.get("1").status is Status.PENDING


def test_an_id_with_slashes_and_signs_is_found(api: Served) -> None:
    post(api, {**EVENT, "id": "a/b?c"}, STRUCTURED)
    assert api.ask("GET", "/messages/a%2Fb%3Fc").json["message"]["id"] == "a/b?c"
    assert api.ask("GET", "/messages/a%2Fb%3Fc/timeline").status == 200
    assert api.ask("GET", "/messages/nobody").code == "MESSAGE_NOT_FOUND"
    post(api, {**EVENT, "id": "a/timeline"}, STRUCTURED)
    assert api.ask("GET", "/messages/a%2Ftimeline").json["message"]["id"] == "a/timeline"
    assert api.ask("GET", "/messages/a/b").code == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/messages/1/cancel", "/messages/a%2Fb/replay", "/exporters/todoist/sync"])
def test_a_method_that_is_not_for_a_path_is_refused_with_those_that_are(
    shared_api: Served, path: str
) -> None:
    answer = shared_api.ask("PATCH", path, {"priority": 1})
    assert (answer.status, answer.code, answer.header("Allow")) == (405, "METHOD_NOT_ALLOWED", "POST")


def test_events_of_a_batch_that_differ_in_true_and_one_alone_keep_them(api: Served) -> None:
    event = {"specversion": "1.0", "source": "shop", "type": "order.placed", "data": 1}
    batch = [{**event, "id": str(number), "urgent": value} for number, value in enumerate((True, 1))]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    sent = api.ask("POST", "/messages?to=app", json.dumps(batch).encode(), headers=headers)
    assert sent.status == 202
    assert [repr(one.message.extensions["urgent"]) for one in api.queue.list("app")] == ["True", "1"]


def test_what_changed_since_an_instant_is_listed_in_pages(api: Served) -> None:
    ids = [sent.id for sent in api.queue.send_many("app", range(6))]
    for number in (1, 3, 4):
        api.queue.edit(ids[number], priority=9)
    api.queue.send("other", 6)
    since = quote(api.ask("GET", f"/messages/{ids[1]}").json["updated_at"], safe="")
    path = f"/messages?app=app&updated_since={since}&limit=2&fields=row_id,message"
    pages = [[one["message"]["data"] for one in page.json["messages"]] for page in api.follow(path)]
    assert pages == [[1, 3], [4]]
    newest = api.ask("GET", f"{path}&order=newest").json["messages"]
    assert [one["message"]["data"] for one in newest] == [4, 3]
    assert len(api.ask("GET", f"/messages?updated_since={since}").json["messages"]) == 4
    assert api.ask("GET", "/messages?updated_since=2131-01-01T00:00:00Z").json == {
        "messages": [],
        "next": None,
    }
    assert api.ask("GET", "/messages?updated_since=yesterday").code == "VALIDATION_ERROR"


def test_a_page_looks_through_so_many_messages_and_leads_on(api: Served) -> None:
    ids = [sent.id for sent in api.queue.send_many("app", range(12_000))]
    api.queue.edit(ids[-1], priority=9)
    since = quote(api.ask("GET", f"/messages/{ids[-1]}").json["updated_at"], safe="")
    pages = [len(page.json["messages"]) for page in api.follow(f"/messages?updated_since={since}")]
    assert pages == [0, 1]


def test_what_went_to_the_archive_since_an_instant_is_listed(api: Served) -> None:
    first, second = (sent.id for sent in api.queue.send_many("app", range(2)))
    for _ in range(2):
        api.queue.claim("app")[0].ack()
        api.queue.archive("app")
    since = quote(api.ask("GET", f"/messages/{second}").json["archived_at"], safe="")
    listed = api.ask("GET", f"/messages?status=archived&updated_since={since}").json["messages"]
    assert [one["message"]["id"] for one in listed] == [second]
    assert first != second


def test_a_message_comes_with_its_timeline_if_that_is_wanted(api: Served) -> None:
    sent = api.queue.send("app", 1)
    found = api.ask("GET", f"/messages/{sent.id}?include=timeline&fields=status")
    entries = api.ask("GET", f"/messages/{sent.id}/timeline").json["entries"]
    assert found.json == {"status": "pending", "timeline": entries}
    assert len(entries) == 1
    assert "timeline" not in api.ask("GET", f"/messages/{sent.id}").json
    assert api.ask("GET", f"/messages/{sent.id}?include=timelin").code == "VALIDATION_ERROR"
