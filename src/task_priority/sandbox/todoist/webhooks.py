"""Posts what happens to a receiver on this machine, signed as Todoist signs it."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import http.client
import json
import queue
import threading
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.account import Account

_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_TIMEOUT_S: Final = 10


@dataclass(slots=True)
class Delivery:
    """One notification.

    Attributes:
        id: The same however often it is sent.
        status: What the receiver answered last; None: nothing.
        attempts: How often it was sent.
    """

    id: str
    body: bytes
    status: int | None = None
    attempts: int = 0

    @property
    def arrived(self) -> bool:
        """Only 200 counts, as at Todoist."""
        return self.status == HTTPStatus.OK


class Webhooks:
    """Sends notifications, one after the other, from a thread of its own.

    Attributes:
        deliveries: All so far, in order.
    """

    def __init__(self, account: Account) -> None:
        self.deliveries: list[Delivery] = []
        self._account = account
        self._address = ""
        self._secret = b""
        self._events: frozenset[str] | None = None
        self._waiting: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def send_to(self, url: str, *, secret: str, events: Collection[str] | None = None) -> None:
        """Send what happens from now on to an address.

        Args:
            url: On this machine.
            secret: The app's client secret, which signs.
            events: Such as ``item:added``; None: all.

        Raises:
            ValueError: The address is not on this machine.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
            raise ValueError(
                f"the sandbox sends webhooks to this machine only, such as http://127.0.0.1:8000/, not {url}"
            )
        self._address, self._secret = url, secret.encode()
        self._events = None if events is None else frozenset(events)
        if self._thread is None:
            self._account.listeners.append(self._happened)
            self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
            self._thread.start()

    def settle(self) -> None:
        """Wait until everything was sent once."""
        self._waiting.join()

    def send_again(self) -> None:
        """Send again what did not arrive, as Todoist does after 15 minutes."""
        for delivery in self.deliveries:
            if not delivery.arrived:
                self._waiting.put(delivery)

    def close(self) -> None:
        """Send what waits, then stop."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def _happened(self, event: str, one: Json, extra: Json) -> None:
        if self._events is not None and event not in self._events:
            return
        body = self._body(event, copy.deepcopy(one), extra)
        delivery = Delivery(self._account.ids.secret(), json.dumps(body, ensure_ascii=False).encode())
        self.deliveries.append(delivery)
        self._waiting.put(delivery)

    def _body(self, event: str, one: Json, extra: Json) -> Json:
        user = self._account.user
        if event.startswith("item:"):
            one["url"] = f"https://app.todoist.com/app/task/{one['id']}"
        return {
            "event_name": event,
            "user_id": self._account.user_id,
            "event_data": one,
            "initiator": {
                "id": self._account.user_id,
                "email": user["email"],
                "full_name": user["full_name"],
                "image_id": None,
                "is_premium": True,
            },
            "triggered_at": self._account.now(),
            "version": "10",
            **({"event_data_extra": extra} if extra else {}),
        }

    def _work(self) -> None:
        while (delivery := self._waiting.get()) is not None:
            delivery.attempts += 1
            try:
                delivery.status = self._post(delivery)
            except OSError:
                delivery.status = None
            finally:
                self._waiting.task_done()

    def _post(self, delivery: Delivery) -> int:
        parts = urlsplit(self._address)
        signature = base64.b64encode(hmac.digest(self._secret, delivery.body, hashlib.sha256)).decode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Todoist-Webhooks",
            "X-Todoist-Delivery-ID": delivery.id,
            "X-Todoist-Hmac-SHA256": signature,
        }
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", parts.path or "/", delivery.body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()
