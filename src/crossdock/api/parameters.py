"""Parameters that several operations take, each described once."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Header, Path, Query

from crossdock.api.models import Status
from crossdock.api.operations import APP_PATTERN

_ID: Final = "0190b5a7-3c1e-7d2a-9f4b-1a2b3c4d5e6f"
MessageId = Annotated[str, Path(min_length=1, max_length=512, description="Of the message.", examples=[_ID])]
AppFilter = Annotated[
    str | None, Query(pattern=APP_PATTERN, description="Whose queue.", examples=["validator"])
]
SendingApp = Annotated[
    str | None,
    Query(
        alias="from",
        pattern=APP_PATTERN,
        description="The app that sends, for a key that is bound to none; its own name unless given.",
        examples=["shop"],
    ),
]
StatusFilter = Annotated[Status | None, Query(description="Only these.")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="What next said on the page before.", examples=["MTc"])
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
UpdatedSince = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Only what changed then or later, an instant.",
        json_schema_extra={"format": "date-time"},
        examples=["2031-05-17T08:30:00Z"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag of what you have read: if it is not so any more, nothing is changed. Or *.",
        examples=["*"],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETags of what you have.", examples=['"5f0c3a9e1b7d2a64"']),
]
