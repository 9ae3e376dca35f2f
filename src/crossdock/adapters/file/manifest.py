"""The manifest beside a data file: what it must be, so that a reader can tell whether it is whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from crossdock.adapters.file.naming import LONGEST_NAME, MANIFEST_SUFFIX, check_name, is_data, manifest_of
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.plain_words import plain_words

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_MANIFEST_BYTES: Final = 64 * 1024
CHECKSUM_PATTERN: Final = r"^sha256:[0-9a-f]{64}$"
SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def _plain_name(text: str) -> str:
    try:
        check_name(text)
    except InvalidMessage as error:
        raise ValueError(error.details[0][1]) from error
    if not is_data(text):
        raise ValueError(f"{text!r} is the name of a manifest or of a report of errors")
    return text


def _in_utc(moment: datetime) -> datetime:
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is in no year from 1 to 9999, in UTC") from error
    return moment


class Manifest(BaseModel):
    """What a manifest says; keys that it does not know are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    filename: Annotated[str, AfterValidator(_plain_name)] = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="The data file, in the same folder. Its stem is that of the manifest.",
    )
    created_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] = Field(
        description="When the file was made, RFC 3339. With the name and the checksum it tells a duplicate."
    )
    created_by: str | None = Field(default=None, description="Who made it: the app, or a program.")
    row_count: int | None = Field(
        default=None,
        ge=0,
        description="So many rows: of CSV without the header, lines of JSON Lines, entries of a JSON array; of any "
        "other JSON as many as its maker counts in it, 1 if it is a row itself. null: nobody counted.",
    )
    file_size: int = Field(ge=0, description="Bytes of the file as it is on the disk, compressed if it is.")
    checksum: str = Field(
        pattern=CHECKSUM_PATTERN,
        description='"sha256:" and the digest of the file as it is on the disk.',
    )
    schema_version: str | int | None = Field(
        default=None, description="Which schema the rows follow. null: none is named."
    )
    next_app: str | None = Field(
        default=None, description="For whom the file is. null: for whoever reads it."
    )

    def to_bytes(self) -> bytes:
        """Write it in the one form that we write: every key, in order, times in UTC, one line each."""
        values = self.model_dump(mode="json")
        values["created_at"] = f"{self.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        return json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"


def parse_manifest(content: bytes, name: str) -> Manifest:
    """Read a manifest.

    Args:
        content: At most one byte more than ``MAX_MANIFEST_BYTES`` of it need to be read.
        name: Of the manifest's file, which must fit what it says.

    Raises:
        InvalidMessage: It is none; all that is wrong with it, each with its field.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise InvalidMessage.of(name, f"more than {MAX_MANIFEST_BYTES} bytes, which no manifest has")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        details = [(_field(found["loc"]), _issue(found)) for found in error.errors(include_url=False)]
        text = "; ".join(f"{field}: {issue}" if field else issue for field, issue in details)
        raise InvalidMessage(f"{name}: {text}", details) from error
    if manifest_of(manifest.filename) != name:
        expected = name.removesuffix(MANIFEST_SUFFIX)
        issue = f"{manifest.filename!r} is not a file of {name}: its name must be {expected!r} and an ending"
        raise InvalidMessage(f"{name}: filename: {issue}", [("filename", issue)])
    return manifest


def read_own(path: Path) -> Manifest | None:
    """Read a manifest that we wrote; None: it is not there, or no longer what we wrote."""
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest, as it is published."""
    schema = Manifest.model_json_schema()
    for part in schema["properties"].values():
        part.pop("title", None)
    schema.pop("description", None)
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "A manifest of Crossdock", "type": "object"}


def _field(loc: tuple[int | str, ...]) -> str:
    """Return the key that an error is about, without the member of a union that did not fit."""
    return str(loc[0]) if loc else ""


def _issue(found: ErrorDetails) -> str:
    """Say what is wrong with one key."""
    kind, given = found["type"], found["input"]
    match kind:
        case "missing":
            return "is missing"
        case "json_invalid":
            return f"not JSON ({found['ctx']['error']})"
        case "string_pattern_mismatch":
            return f"{_short(given)} is not 'sha256:' and 64 hexadecimal digits in lower case"
        case "value_error":
            return str(found["ctx"]["error"])
        case "timezone_aware":
            return f"{_short(given)} has no time zone; write for example 2025-11-24T08:30:00Z"
        case _:
            return f"{_short(given)}: {plain_words(found['msg'])}"


def _short(given: object) -> str:
    text = json.dumps(given, ensure_ascii=False, default=repr)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
