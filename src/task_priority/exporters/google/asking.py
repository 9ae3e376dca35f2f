"""Questions to one of Google's services: signed, page by page, its errors in our words."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from crossdock import CredentialError, TransientError
from task_priority.exporters.asking import Answer, Asking, Service
from task_priority.exporters.google.grant import CONNECT, USUAL
from task_priority.exporters.google.refusals import error_of
from task_priority.exporters.google.tokens import Tokens

MAX_PAGES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        items: Of whatever form.
        answered: When the server says it answered; None: it does not say.
        sync_token: Only on the last page, if at all.
    """

    items: list[Any]
    answered: datetime | None
    next_page: str | None
    sync_token: str | None


class Google:
    """Asks one service.

    Args:
        asking: To ask with.
        tokens: To sign with.
        base_url: Of the service, with its version.
        service: What it is called.
        api: What it is called in the Google Cloud console.
    """

    def __init__(self, asking: Asking, tokens: Tokens, base_url: str, *, service: str, api: str) -> None:
        self._asking = asking
        self._tokens = tokens
        self._base_url = base_url.rstrip("/")
        self._service = service
        self._called = Service(service, USUAL)
        self._api = api

    def pages(self, path: str, params: Mapping[str, Any], *, kind: str) -> Iterator[Page]:
        """Ask for a list, to its last page; a page may be empty though others follow.

        Args:
            path: Below the base address.
            params: Of the first page; the others are asked for with the same.
            kind: What Google calls such a list; an answer that is none is not taken for an empty one.

        Raises:
            Expired: What is asked for since then is no longer known, or the next page.
            Refused: This list is not given.
            CredentialError: Nobody is signed in, or no longer, or may not do this.
            RateLimited: It asks to wait.
            TransientError: It does not answer, or not as it should.
            PermanentError: It will never answer this.
        """
        page_token: str | None = None
        seen: set[str] = set()
        while len(seen) < MAX_PAGES:
            asked = params if page_token is None else {**params, "pageToken": page_token}
            page = self._page(self._get(path, asked), kind)
            yield page
            page_token = page.next_page
            if page_token is None:
                return
            if page_token in seen:
                break
            seen.add(page_token)
        raise TransientError(f"{self._service} sends pages without end")

    def _get(self, path: str, params: Mapping[str, Any]) -> Answer:
        token = self._tokens.access()
        answer = self._ask(path, params, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer = self._ask(path, params, self._tokens.renew(token))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise CredentialError(
                f"{self._service} refuses the token that Google has just given: {CONNECT} again"
            )
        if answer.status != HTTPStatus.OK:
            raise error_of(answer, params, service=self._service, api=self._api)
        return answer

    def _ask(self, path: str, params: Mapping[str, Any], token: str) -> Answer:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        url = self._base_url + path
        return self._asking.ask("GET", url, params=dict(params), headers=headers, service=self._called)

    def _page(self, answer: Answer, kind: str) -> Page:
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise TransientError(
                f"{self._service}'s answer is not whole (it is no JSON, or only the beginning of it); "
                "nothing of it was taken, and it is asked again"
            ) from error
        if not isinstance(body, dict) or body.get("kind") != kind:
            raise TransientError(f"{self._service} answers something that is no {kind}")
        items = body.get("items", [])
        if not isinstance(items, list):
            raise TransientError(f"{self._service} answers a list whose items are none")
        return Page(
            items, _date_of(answer), body.get("nextPageToken") or None, body.get("nextSyncToken") or None
        )


def _date_of(answer: Answer) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None
