"""Webhooks of Todoist: checked, and taken as a reason to ask, never as the data."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from task_priority.exporters.todoist.exporter import NAME

SIGNATURE_HEADER: Final = "x-todoist-hmac-sha256"
DELIVERY_HEADER: Final = "x-todoist-delivery-id"


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A message to be sent because of a webhook.

    Attributes:
        message_id: The same for each attempt of Todoist to tell one thing.
        app: Whose message it is: the exporter's.
        data: What it is asked to do.
    """

    message_id: str
    app: str = NAME
    data: Mapping[str, Any] = field(default_factory=lambda: {"full": False})


def check_webhook(secret: str, body: bytes, headers: Mapping[str, str]) -> Wakeup | None:
    """Check whether Todoist sent a request, and say what is to be done.

    Todoist takes status 200 alone for an answer, 201 and 204 for failures.

    Args:
        secret: The client secret of the app in Todoist's console.
        body: As received, before anything was read of it.
        headers: Of the request, in any case.

    Returns:
        The message to send, or None if it is not signed with the secret, so that nothing is to be done.

    Raises:
        ValueError: The secret is empty, so that anybody could sign.

    Source: Todoist API v1, "Webhooks".
    """
    if not secret:
        raise ValueError(
            "the client secret of the Todoist app is empty; copy it from Todoist's App Management Console"
        )
    lower = {name.lower(): value for name, value in headers.items()}
    right = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    if not hmac.compare_digest(right, lower.get(SIGNATURE_HEADER, "").encode()):
        return None
    delivery = lower.get(DELIVERY_HEADER) or hashlib.sha256(body).hexdigest()
    return Wakeup(f"todoist-webhook-{delivery[:100]}")
