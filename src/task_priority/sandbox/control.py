"""The sandbox's own pages: what is there, and what is to go wrong."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from task_priority.sandbox.exchange import BadBody, Json, Reply, Request, html_reply, json_reply
from task_priority.sandbox.faults import Fault, FaultKind, Faults
from task_priority.sandbox.routes import NoSuchPath, Route, Routes

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Task Priority Lite: sandbox</title>
<style>body{{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}}
td{{padding:.1rem 1rem .1rem 0;vertical-align:top}}pre{{background:#f4f4f4;padding:.8rem;overflow:auto}}</style>
<h1>Sandbox</h1>
<p>A make-believe Todoist and Google, on this machine only. Nothing here is real, and nothing leaves it.</p>
<table>{addresses}</table>
<h2>Let something go wrong</h2>
<pre>curl -X POST {url}/sandbox/faults -d '{{"kind": "rate-limited", "api": "todoist", "times": 3}}'
curl {url}/sandbox/faults
curl -X POST {url}/sandbox/faults/1/release
curl -X DELETE {url}/sandbox/faults</pre>
<p>Kinds: {kinds}.</p>
<h2>Faults that are set</h2><table>{faults}</table></html>"""


class FaultAsked(BaseModel):
    """What is posted to ``/sandbox/faults``; see `Fault`."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    api: Literal["todoist", "calendar", "tasks", "oauth"] | None = None
    path: str = "*"
    times: NonNegativeInt | None = 1
    after: NonNegativeInt = 0
    chance: float = Field(1.0, ge=0, le=1)
    reason: str | None = None
    retry_after_s: NonNegativeInt = 30


class WebhookAsked(BaseModel):
    """What is posted to ``/sandbox/webhook``."""

    model_config = ConfigDict(extra="forbid")

    url: str
    secret: str
    events: list[str] | None = None


class Control:
    """Answers ``/`` and ``/sandbox/``.

    Args:
        addresses: Returns what is told of the sandbox, by name.
        send_webhooks: Called with an address, a secret and the events, or None for all.
        expire_sync_tokens: Lets every sync token expire.
    """

    def __init__(
        self,
        faults: Faults,
        *,
        addresses: Callable[[], Mapping[str, str]],
        send_webhooks: Callable[[str, str, list[str] | None], None],
        expire_sync_tokens: Callable[[], None],
    ) -> None:
        self._faults = faults
        self._addresses = addresses
        self._send_webhooks = send_webhooks
        self._expire_sync_tokens = expire_sync_tokens
        self._routes = Routes(
            [
                Route("GET", "/", self._page),
                Route("GET", "/sandbox", self._about),
                Route("GET", "/sandbox/faults", self._list),
                Route("POST", "/sandbox/faults", self._add),
                Route("DELETE", "/sandbox/faults", self._clear),
                Route("POST", "/sandbox/faults/{number}/release", self._release),
                Route("POST", "/sandbox/webhook", self._webhook),
                Route("POST", "/sandbox/sync-tokens/expire", self._expire),
            ]
        )

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        try:
            handler, parameters = self._routes.find(request.method, request.path)
            return handler(request, **parameters)
        except NoSuchPath as error:
            return _refused(
                str(error), HTTPStatus.METHOD_NOT_ALLOWED if error.methods else HTTPStatus.NOT_FOUND
            )
        except ValidationError as error:
            return _refused(_in_words(error), HTTPStatus.BAD_REQUEST)
        except (BadBody, ValueError) as error:
            return _refused(str(error), HTTPStatus.BAD_REQUEST)

    def _page(self, request: Request) -> Reply:  # noqa: ARG002 - every handler gets the request
        addresses = self._addresses()
        rows = "".join(
            f"<tr><td>{html.escape(name)}<td><code>{html.escape(value)}</code>"
            for name, value in addresses.items()
        )
        faults = "".join(
            f"<tr><td>{fault.number}<td>{fault.kind.value}<td>{html.escape(fault.api or 'all')}"
            f"<td>{html.escape(fault.path)}<td>met {fault.met}, {_left(fault)} to come"
            for fault in self._faults.all()
        )
        kinds = ", ".join(kind.value for kind in FaultKind)
        return html_reply(
            _PAGE.format(addresses=rows, url=addresses["url"], kinds=kinds, faults=faults or "<tr><td>None.")
        )

    def _about(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(dict(self._addresses()))

    def _list(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        return json_reply([_told(fault) for fault in self._faults.all()])

    def _add(self, request: Request) -> Reply:
        asked = FaultAsked.model_validate(_json(request))
        return json_reply(_told(self._faults.add(**asked.model_dump())), HTTPStatus.CREATED)

    def _clear(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        self._faults.clear()
        return Reply(HTTPStatus.NO_CONTENT)

    def _release(self, request: Request, number: str) -> Reply:  # noqa: ARG002 - likewise
        for fault in self._faults.all():
            if str(fault.number) == number:
                fault.release()
                return json_reply(_told(fault))
        return _refused(f"there is no fault {number}", HTTPStatus.NOT_FOUND)

    def _webhook(self, request: Request) -> Reply:
        asked = WebhookAsked.model_validate(_json(request))
        self._send_webhooks(asked.url, asked.secret, asked.events)
        return Reply(HTTPStatus.NO_CONTENT)

    def _expire(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        self._expire_sync_tokens()
        return Reply(HTTPStatus.NO_CONTENT)


def _json(request: Request) -> Json:
    """Return the JSON object of a body, whatever the type that curl gave it."""
    return Request(request.method, request.path, body=request.body).fields()


def _told(fault: Fault) -> Json:
    return {
        "number": fault.number,
        "kind": fault.kind.value,
        "api": fault.api,
        "path": fault.path,
        "times": fault.times,
        "after": fault.after,
        "chance": fault.chance,
        "reason": fault.reason,
        "retry_after_s": fault.retry_after_s,
        "met": fault.met,
    }


def _left(fault: Fault) -> str:
    return "any number" if fault.times is None else str(fault.times)


def _refused(text: str, status: int) -> Reply:
    return json_reply({"error": text}, status)


def _in_words(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
