"""Answers as bytes, made in a thread, each with a tag that changes only when what it says does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Header, Query
from starlette.responses import Response

from crossdock.api import is_known

MARKDOWN: Final = "text/markdown"
_MOVES_ON: Final = frozenset({"generated_at", "age_minutes", "synced_at"})
"""What becomes another with time though nothing has changed; whether a source is stale is not among it."""
_PLAN_MOVES_ON: Final = _MOVES_ON | {"start_at", "end_at"}


class Form(StrEnum):
    """What an answer is written in."""

    JSON = "json"
    MARKDOWN = "markdown"


FormWish = Annotated[
    Form | None, Query(alias="format", description="What to write it in, whatever Accept says.")
]
AcceptHeader = Annotated[
    str | None,
    Header(alias="Accept", description="text/markdown for a text to paste.", examples=[MARKDOWN]),
]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer that is ready to be sent.

    Attributes:
        tag: Weak: two answers with one tag may tell of different instants, and say the same otherwise.
    """

    body: bytes
    media_type: str
    tag: str

    @classmethod
    def json(cls, document: Any) -> Rendered:
        """Write a document as JSON."""
        return cls(_json(document), "application/json", tag_of(_json(_essence(document))))

    @classmethod
    def markdown(cls, text: str, document: Any) -> Rendered:
        """Write Markdown; it changes with the document that says the same."""
        return cls(f"{text}\n".encode(), MARKDOWN, tag_of(_json(_essence(document)) + b"markdown"))

    def answer(self, if_none_match: str | None, **headers: str) -> Response:
        """Return it, or only say that the caller has it."""
        told = {"ETag": self.tag, "Vary": "Accept", **headers}
        if is_known(self.tag, if_none_match):
            return Response(status_code=304, headers=told)
        return Response(self.body, media_type=self.media_type, headers=told)


def form_of(wish: Form | None, accept: str | None) -> Form:
    """Return what to write an answer in: what is asked for, else what the header likes better, else JSON.

    Source: RFC 9110, section 12.5.1.
    """
    if wish is not None:
        return wish
    liked = dict(_liked(accept or ""))
    json_liked = max(liked.get(media, 0.0) for media in ("application/json", "application/*", "*/*"))
    return Form.MARKDOWN if liked.get(MARKDOWN, 0.0) > json_liked else Form.JSON


def tag_of(essence: bytes) -> str:
    """Return the tag of what does not change with time alone."""
    return f'W/"{hashlib.sha256(essence).hexdigest()[:16]}"'


def _liked(accept: str) -> list[tuple[str, float]]:
    """Return the media types of a header, each with how much it is liked, the least first."""
    found = []
    for part in accept.split(","):
        media, *parameters = (one.strip() for one in part.lower().split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        found.append((media, float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0))
    return sorted(found, key=lambda one: one[1])


def _essence(value: Any) -> Any:
    if isinstance(value, Mapping):
        moving = _PLAN_MOVES_ON if "balance" in value else _MOVES_ON
        return {key: _essence(inner) for key, inner in value.items() if key not in moving}
    return [_essence(one) for one in value] if isinstance(value, list) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
