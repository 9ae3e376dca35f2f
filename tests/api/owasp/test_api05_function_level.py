"""API5:2023, broken function level authorization: each operation has one scope, and no other opens it.

That each demands its scope of every key is in ``tests/api/test_door.py``; here is which it is.
"""

from __future__ import annotations

import pytest

from tests.api.served import Served

EXPECTED = {
    "sendMessage": "messages:send", "listMessages": "messages:read", "getMessage": "messages:read",
    "getMessageTimeline": "messages:read", "editMessage": "messages:control", "replayMessage": "messages:control",
    "cancelMessage": "messages:control", "listQueues": "queue:read", "getQueue": "queue:read",
    "claimMessages": "queue:work", "ackMessages": "queue:work", "nackMessages": "queue:work",
    "extendLeases": "queue:work", "pauseQueue": "queue:control", "resumeQueue": "queue:control",
    "replayQueue": "queue:control", "cancelQueue": "queue:control", "archiveQueue": "queue:control",
    "purgeQueue": "queue:control", "createApp": "apps:admin",
    "changeApp": "apps:admin", "deleteApp": "apps:admin", "getReadiness": "metrics:read", "getProgress": "metrics:read",
    "stopApp": "apps:admin", "startApp": "apps:admin", "restartApp": "apps:admin",
}  # fmt: skip
"""What each operation is for; a new one that changes anything needs a scope that says so."""


def test_each_operation_has_the_scope_that_says_what_it_does(shared_api: Served) -> None:
    declared = shared_api.application.state.crossdock.declared
    found = {one.id: one.access.scope.value for one in declared if one.access.scope is not None}
    assert {name: found.get(name) for name in EXPECTED} == EXPECTED


def test_no_operation_that_changes_anything_has_a_scope_for_reading(shared_api: Served) -> None:
    for one in shared_api.application.state.crossdock.declared:
        if one.method != "GET" and one.access.scope is not None:
            assert not one.access.scope.value.endswith(":read"), one


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "CONNECT", "OPTIONS", "HEAD", "FOO"])
def test_other_methods_do_nothing(shared_api: Served, method: str) -> None:
    answer = shared_api.ask(method, "/queues/app/pause")
    assert answer.status in {404, 405}
    assert not shared_api.queue.stats("app")["app"].paused


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"]
)
def test_headers_do_not_change_what_is_asked_for(shared_api: Served, name: str) -> None:
    key = shared_api.key()
    answer = shared_api.ask(
        "GET", "/queues/app", key=key, headers={name: "POST" if "Method" in name else "/x"}
    )
    assert answer.json["app"] == "app"
