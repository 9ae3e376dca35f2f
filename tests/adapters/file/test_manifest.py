from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import InvalidMessage
from crossdock.adapters.file.manifest import MAX_MANIFEST_BYTES, Manifest, manifest_schema, parse_manifest
from tests.docs.pages import DOCS

NAME = "sales_001.meta.json"
GOOD: dict[str, Any] = {
    "filename": "sales_001.csv",
    "created_at": "2025-11-24T08:30:00Z",
    "created_by": "validator",
    "row_count": 3,
    "file_size": 120,
    "checksum": "sha256:" + "0" * 64,
    "schema_version": "1.0",
    "next_app": "warehouse",
}


def parse(**changes: Any) -> Manifest:
    stated = {key: value for key, value in (GOOD | changes).items() if value is not ...}
    return parse_manifest(json.dumps(stated).encode(), NAME)


def test_manifest_is_read() -> None:
    found = parse()
    assert (found.filename, found.row_count, found.next_app) == ("sales_001.csv", 3, "warehouse")
    assert found.created_at == datetime(2025, 11, 24, 8, 30, tzinfo=UTC)


def test_what_only_some_producers_know_may_be_missing_and_more_is_passed_over() -> None:
    found = parse(created_by=..., row_count=..., schema_version=..., next_app=..., colour="green")
    assert (found.created_by, found.row_count, found.schema_version, found.next_app) == (None,) * 4


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"filename": ...}, [("filename", "is missing")]),
        ({"file_size": "120"}, [("file_size", '"120": must be a whole number')]),
        ({"file_size": -1}, [("file_size", "-1: must be 0 or more")]),
        ({"row_count": True}, [("row_count", "true: must be a whole number")]),
        (
            {"checksum": "md5:1"},
            [("checksum", "\"md5:1\" is not 'sha256:' and 64 hexadecimal digits in lower case")],
        ),
        (
            {"created_at": "2025-11-24T08:30:00"},
            [
                (
                    "created_at",
                    '"2025-11-24T08:30:00" has no time zone; write for example 2025-11-24T08:30:00Z',
                )
            ],
        ),
        (
            {"created_at": "0001-01-01T00:00:00+23:00"},
            [("created_at", "0001-01-01T00:00:00+23:00 is in no year from 1 to 9999, in UTC")],
        ),
        (
            {"filename": "../sales_001.csv"},
            [("filename", "'../sales_001.csv' begins with a dot, and hidden files are never data")],
        ),
        (
            {"filename": "a/sales_001.csv"},
            [("filename", "'a/sales_001.csv' has a separator or a control character; give a plain name")],
        ),
        (
            {"filename": NAME},
            [("filename", "'sales_001.meta.json' is the name of a manifest or of a report of errors")],
        ),
        (
            {"filename": "other.csv"},
            [
                (
                    "filename",
                    "'other.csv' is not a file of sales_001.meta.json: its name must be 'sales_001' and an ending",
                )
            ],
        ),
        ({"file_size": ..., "checksum": ...}, [("file_size", "is missing"), ("checksum", "is missing")]),
    ],
)
def test_every_mistake_is_named_with_its_field(
    changes: dict[str, Any], details: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(**changes)
    assert list(caught.value.details) == details
    assert str(caught.value).startswith(f"{NAME}: ")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"a": ' * 5000, b"x" * (MAX_MANIFEST_BYTES + 1)]
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidMessage, match="sales_001"):
        parse_manifest(content, NAME)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_manifest_are_explained(content: bytes) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_manifest(content, NAME)
    assert caught.value.details


@given(
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])),
    st.none() | st.text(),
    st.none() | st.integers(0, 10**12),
    st.none() | st.integers() | st.text(),
)
def test_what_is_written_is_read_again(
    created_at: datetime, created_by: str | None, row_count: int | None, schema_version: str | int | None
) -> None:
    if created_at.astimezone(UTC).year < 1000:
        return
    manifest = Manifest(
        filename="sales_001.csv.gz",
        created_at=created_at,
        created_by=created_by,
        row_count=row_count,
        file_size=0,
        checksum="sha256:" + "a" * 64,
        schema_version=schema_version,
    )
    assert parse_manifest(manifest.to_bytes(), NAME) == manifest
    assert list(json.loads(manifest.to_bytes())) == list(GOOD)


def test_published_schema_is_that_of_the_code() -> None:
    published = json.loads((DOCS / "reference" / "manifest.schema.json").read_text(encoding="utf-8"))
    assert published == manifest_schema()
    assert list(published["properties"]) == list(GOOD)
    assert published["required"] == ["filename", "created_at", "file_size", "checksum"]
