"""The documents of sending: an event as it is taken, and what became of one or of many."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import EVENT, ID, Event, example


class NewEvent(Event):
    """A CloudEvent in its JSON format, as it is taken; null and absent are the same."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [EVENT],
            "propertyNames": {"pattern": "^([a-z][a-z0-9]{0,19}|data_base64)$"},
            "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
            "not": {"required": ["data", "data_base64"]},
        },
    )
    id: str = Field(min_length=1, max_length=512, description="Unique among what its app sends.")
    source: str = Field(min_length=1, json_schema_extra={"format": "uri-reference"})
    type: str = Field(min_length=1)
    dataschema: str | None = Field(default=None, min_length=1, json_schema_extra={"format": "uri"})
    data_base64: str | None = Field(default=None, json_schema_extra={"contentEncoding": "base64"})
    priority: int | None = Field(default=None, ge=0, le=9, description="9 first; 4 unless given.")


class Row(BaseModel):
    """A message in the queue of one receiver."""

    app: str
    row_id: int
    duplicate: bool = Field(description="The queue had the message already; nothing was stored.")


class Sent(BaseModel):
    """What became of a message."""

    model_config = example(
        id=ID, source_app="shop", rows=[{"app": "validator", "row_id": 17, "duplicate": False}]
    )
    id: str
    source_app: str
    rows: list[Row] = Field(description="One for each receiver.")


class SentOrRefused(BaseModel):
    """What became of one message of a batch: its rows, or why it was refused."""

    id: str | None = None
    source_app: str | None = None
    rows: list[Row] | None = None
    error: dict[str, Any] | None = None


class SentBatch(BaseModel):
    """What became of the messages of a batch, in their order."""

    model_config = example(
        stored=1,
        refused=0,
        messages=[
            {
                "id": ID,
                "source_app": "shop",
                "rows": [{"app": "validator", "row_id": 17, "duplicate": False}],
            }
        ],
    )
    stored: int
    refused: int
    messages: list[SentOrRefused]


SENT_IN_PART: Final[dict[str, Any]] = {
    "stored": 1,
    "refused": 1,
    "messages": [
        {"id": ID, "source_app": "shop", "rows": [{"app": "validator", "row_id": 17, "duplicate": False}]},
        {
            "error": {
                "code": "INVALID_MESSAGE",
                "message": "id: is missing",
                "details": [{"field": "id", "issue": "is missing"}],
                "request_id": "req_0f1e2d3c4b5a69788f",
            }
        },
    ],
}
"""What is answered when some of a batch were refused."""
