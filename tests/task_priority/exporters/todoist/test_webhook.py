"""Webhooks of Todoist wake the exporter, if Todoist signed them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from task_priority.exporters.todoist import check_webhook

SECRET = "client secret"  # noqa: S105 - of nobody
BODY = b'{"event_name": "item:added"}'


def headers_of(body: bytes, **more: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    return {"X-Todoist-Hmac-SHA256": signature, **more}


def test_a_signed_webhook_asks_the_exporter_to_look_once_for_all_attempts() -> None:
    headers = headers_of(BODY, **{"X-Todoist-Delivery-ID": "d1"})
    wakeup = check_webhook(SECRET, BODY, headers)
    assert wakeup is not None
    assert (wakeup.app, wakeup.data, wakeup.message_id) == ("todoist", {"full": False}, "todoist-webhook-d1")


def test_one_without_a_delivery_id_is_known_by_its_body() -> None:
    first, again, other = (check_webhook(SECRET, body, headers_of(body)) for body in (BODY, BODY, b"{}"))
    assert first == again != other


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Todoist-Hmac-SHA256": ""},
        {"X-Todoist-Hmac-SHA256": "é"},
        headers_of(b"{}"),
        {"X-Todoist-Hmac-SHA256": hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()},
    ],
)
def test_anything_else_does_nothing(headers: dict[str, str]) -> None:
    assert check_webhook(SECRET, BODY, headers) is None


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(ValueError, match="client secret of the Todoist app is empty"):
        check_webhook("", BODY, headers_of(BODY))
