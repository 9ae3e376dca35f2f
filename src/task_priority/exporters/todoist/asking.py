"""Todoist's API v1 over HTTP: its questions, and what its errors mean for whoever asked.

Every call to Todoist is made here, so that a next version of its API changes one module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx

from crossdock import CredentialError, DeliveryError, PermanentError, RateLimited, TransientError
from task_priority.exporters.asking import LONGEST_WAIT, Answer, Asking, Service, retry_after

BASE_URL: Final = "https://api.todoist.com/api/v1"
_SERVICE: Final = Service("Todoist", "api.todoist.com")
PAGE_SIZE: Final = 200
"""More is an error. Source: Todoist API v1, "Pagination"."""
_LONGEST_WORDS: Final = 200
_BAD_TOKEN: Final = ("UNAUTHORIZED", "AUTH_INVALID_TOKEN", 401, 477)
"""What an error with status 403 is called, or its code, if it is about the token all the same."""
_RATE_LIMIT_TAG: Final = "LIMITS_REACHED"
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
_NO_USE: Final = "asking again without a change will not help"
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.FORBIDDEN: "the token may lack a right: an app needs data:read, and to write data:read_write",
    HTTPStatus.NOT_FOUND: "it was deleted there, or this user may not see it, or the base address is wrong",
}

HOW_TO_RENEW: Final = (
    "copy it from Settings → Integrations → Developer in Todoist, and run `task-priority connect todoist`"
)
"""What its owner does about a token that Todoist refuses."""


class Refused(PermanentError):
    """Todoist does not accept a request as it was made.

    Attributes:
        status: Of HTTP.
        about: What it names as the reason, in lower case: argument and text.
    """

    def __init__(self, message: str, *, status: int = 0, about: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.about = about

    @property
    def may_mean_the_sync_token(self) -> bool:
        """Whether an incremental question may be refused because its sync token is too old; nobody documents how."""
        return (
            self.status == HTTPStatus.BAD_REQUEST or "sync_token" in self.about or "sync token" in self.about
        )


class Todoist:
    """Asks Todoist as one user.

    Args:
        token: Returns the token of the user, at each question: it may have been renewed.
        asking: Left open; it belongs to the caller.
        base_url: Where the API is, without a slash at its end.
    """

    def __init__(self, token: Callable[[], str], asking: Asking, *, base_url: str = BASE_URL) -> None:
        self._token = token
        self._asking = asking
        self._base_url = base_url.rstrip("/")

    def sync(self, fields: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask the synchronisation endpoint.

        Args:
            fields: Of its form; lists are JSON in a field.

        Raises:
            DeliveryError: As ``error_of`` says.
        """
        return self._ask("POST", "/sync", data=dict(fields))

    def user(self) -> Mapping[str, Any]:
        """Ask who the user is, the smallest thing that a token is needed for.

        Raises:
            DeliveryError: As ``error_of`` says.
        """
        return self._ask("GET", "/user")

    def pages(self, path: str, params: Mapping[str, str], *, items: str) -> Iterator[Any]:
        """Ask for a list and yield its objects, page by page, to the end.

        Args:
            path: Under the base address.
            params: Repeated for each page, as cursors demand.
            items: The name of the list in the answer.

        Raises:
            TransientError: The pages lead in a circle, or one of them is not as it should be.
            DeliveryError: As ``error_of`` says.
        """
        cursor, seen = None, set[str]()
        while True:
            more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
            answer = self._ask("GET", path, params={**params, "limit": str(PAGE_SIZE), **more})
            objects, cursor = answer.get(items), answer.get("next_cursor")
            if not isinstance(objects, list) or not isinstance(cursor, str | None):
                raise TransientError(
                    half_an_answer(f"{path} has no list of {items!r}, or no readable cursor")
                )
            yield from objects
            if cursor is None:
                return
            if cursor in seen:
                raise TransientError(half_an_answer(f"the pages of {path} lead in a circle"))
            seen.add(cursor)

    def _ask(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        token = _checked(self._token())
        url = self._base_url + path
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._asking.ask(method, url, headers=headers, service=_SERVICE, waits=_wait_of, **options)
        if answer.status != HTTPStatus.OK:
            body = answer.body.replace(token.encode(), b"...")
            raise error_of(answer.status, _problem(body), called=_SERVICE.at(httpx.URL(url).host))
        return _object(answer)


def half_an_answer(what: str) -> str:
    """Return the words for an answer that cannot be trusted."""
    return f"Todoist's answer is not whole ({what}); nothing of it was taken, and it is asked again"


def error_of(status: int, problem: Mapping[str, Any], *, called: str = _SERVICE.name) -> DeliveryError:
    """Say in words what an error of Todoist means, and what its owner can do.

    Args:
        status: Of HTTP.
        problem: The body, or the error object of a command; empty if there was none.
        called: Who answered.
    """
    tag, said = str(problem.get("error_tag") or ""), _said(status, problem)
    is_bad_token = tag in _BAD_TOKEN or problem.get("error_code") in _BAD_TOKEN
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and is_bad_token):
        return CredentialError(
            f"Todoist refuses the token ({said}); it was revoked or renewed: {HOW_TO_RENEW}"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or tag == _RATE_LIMIT_TAG:
        wait = _seconds(_mapping(problem.get("error_extra")).get("retry_after"))
        return RateLimited(f"Todoist asks to wait ({said})", retry_after=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return TransientError(f"Todoist cannot answer now ({said}); it is asked again")
    if status < HTTPStatus.BAD_REQUEST:
        return TransientError(f"{called} answers {status} instead of what was asked for; it is asked again")
    return _lasting(status, problem, said=said, called=called)


def _lasting(status: int, problem: Mapping[str, Any], *, said: str, called: str) -> PermanentError:
    extra = _mapping(problem.get("error_extra"))
    if status == HTTPStatus.GONE:
        return PermanentError(
            f"Todoist has retired the API that this version of Task Priority Lite speaks ({called} answers 410): "
            "upgrade it, or correct the base address; the token is not at fault, and no new one is needed"
        )
    if str(problem.get("error_tag")).startswith("MAX_") or "max_count" in extra:
        most = f"at most {extra['max_count']}; " if "max_count" in extra else ""
        return PermanentError(
            f"Todoist's plan does not allow more ({most}{said}): complete or delete something there, or change the plan"
        )
    return Refused(
        f"Todoist refuses the request ({said}): {_ADVICE.get(status, _NO_USE)}",
        status=status,
        about=f"{extra.get('argument', '')} {problem.get('error', '')}".lower(),
    )


def _said(status: int, problem: Mapping[str, Any]) -> str:
    parts = [str(status), problem.get("error_tag"), problem.get("error")]
    return " ".join(str(part) for part in parts if part)[:_LONGEST_WORDS]


def _checked(token: str) -> str:
    token = token.strip()
    if not token:
        raise CredentialError(f"there is no token for Todoist: {HOW_TO_RENEW}")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise CredentialError(f"the token for Todoist holds characters that no token has: {HOW_TO_RENEW}")
    return token


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise TransientError(half_an_answer("it is no JSON, or only the beginning of it")) from error
    if not isinstance(value, dict):
        raise TransientError(half_an_answer(f"a {type(value).__name__} instead of an object"))
    return value


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}  # proxies answer in plain text


def _wait_of(answer: Answer) -> timedelta | None:
    wait = retry_after(answer)
    if wait is not None:
        return wait
    return _seconds(_mapping(_problem(answer.body).get("error_extra")).get("retry_after"))


def _seconds(value: object) -> timedelta | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        return None
    return timedelta(seconds=min(float(value), LONGEST_WAIT.total_seconds()))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
