"""What Google's error answers mean: each by its reason, and by its status only where it has none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from crossdock import CredentialError, CrossdockError, PermanentError, RateLimited, TransientError
from task_priority.exporters.asking import Answer, retry_after
from task_priority.exporters.google.grant import CONNECT

# Compared in lower case and without underscores: newer answers write RATE_LIMIT_EXCEEDED for rateLimitExceeded.
_LIMITS: Final = frozenset({"ratelimitexceeded", "userratelimitexceeded", "resourceexhausted"})
_QUOTAS: Final = frozenset({"quotaexceeded", "dailylimitexceeded"})
_NO_SCOPE: Final = frozenset({"insufficientpermissions", "accesstokenscopeinsufficient"})
_SWITCHED_OFF: Final = frozenset({"accessnotconfigured", "servicedisabled"})
_TOO_OLD: Final = frozenset({"fullsyncrequired", "updatedmintoolongago"})
_QUOTA_WAIT: Final = timedelta(hours=1)
_LONGEST_WORDS: Final = 300
_SINCE: Final = frozenset({"syncToken", "updatedMin", "pageToken"})
"""The parameters that can be too old."""


class Expired(Exception):
    """Google no longer knows what changed since then: ask for everything. What was read of the answer is void."""


class Refused(Exception):
    """Google does not give this one thing; others it may give."""


class Refusal:
    """An error answer, read.

    Attributes:
        status: Of HTTP.
        message: Google's words, cut.
        reasons: All that it names.
    """

    def __init__(self, answer: Answer) -> None:
        error = _error_of(answer.body)
        self.status = answer.status
        self.message = str(error.get("message") or "")[:_LONGEST_WORDS]
        self.reasons = tuple(dict.fromkeys(_reasons_of(error)))
        self.wait = retry_after(answer)

    def __str__(self) -> str:
        """Return status, reason and message."""
        reason = f" {self.reasons[0]}" if self.reasons else ""
        return f"{self.status}{reason}" + (f": {self.message}" if self.message else "")

    def names(self, reasons: frozenset[str]) -> bool:
        """Tell whether it names one of these."""
        return any(one.replace("_", "").lower() in reasons for one in self.reasons)


def error_of(
    answer: Answer, params: Mapping[str, Any], *, service: str, api: str
) -> CrossdockError | Expired | Refused:
    """Return what to raise on an answer that is neither a success nor 401.

    Args:
        answer: The answer.
        params: What was asked with.
        service: What was asked, in words.
        api: What it is called in the Google Cloud console.
    """
    refusal = Refusal(answer)
    if refusal.names(_QUOTAS):
        return RateLimited(
            f"{service}: the quota is used up ({refusal})", retry_after=refusal.wait or _QUOTA_WAIT
        )
    if refusal.names(_LIMITS):
        return RateLimited(f"{service} asks to wait ({refusal})", retry_after=refusal.wait)
    if _is_too_old(refusal, params):
        return Expired(str(refusal))
    if refusal.names(_SWITCHED_OFF):
        return CredentialError(
            f"{service} is not switched on for your client: enable it at "
            f"https://console.cloud.google.com/apis/library/{api}, wait a few minutes, and run `task-priority sync`"
        )
    if refusal.names(_NO_SCOPE):
        return CredentialError(
            f"{service}: Google granted less than is needed ({refusal}). {CONNECT[0].upper()}{CONNECT[1:]} again "
            "and tick all boxes"
        )
    return _by_status(refusal, service)


def _is_too_old(refusal: Refusal, params: Mapping[str, Any]) -> bool:
    if refusal.names(_TOO_OLD):
        return True
    if not _SINCE & params.keys():
        return False
    return refusal.status == HTTPStatus.GONE or (
        refusal.status == HTTPStatus.BAD_REQUEST and _is_about_token(refusal)
    )


def _is_about_token(refusal: Refusal) -> bool:
    return any(name in refusal.message for name in ("sync token", "syncToken", "page token", "pageToken"))


def _by_status(refusal: Refusal, service: str) -> CrossdockError | Refused:
    match refusal.status:
        case HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return Refused(str(refusal))
        case HTTPStatus.GONE:
            return PermanentError(
                f"{service} has retired what this version asks for ({refusal}): install a newer version"
            )
        case HTTPStatus.BAD_REQUEST:
            return PermanentError(f"{service} does not understand the question ({refusal})")
        case _:
            return TransientError(f"{service} answers {refusal}")


def _error_of(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}


def _reasons_of(error: Mapping[str, Any]) -> Iterator[str]:
    for part in ("errors", "details"):
        listed = error.get(part)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and isinstance(one.get("reason"), str):
                yield one["reason"]
    if isinstance(error.get("status"), str):
        yield error["status"]
