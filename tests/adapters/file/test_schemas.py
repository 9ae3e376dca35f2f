"""Rows are held against the JSON Schema that the manifest names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.schemas import Schemas
from crossdock.app.configured import entrances
from crossdock.config import load
from crossdock.domain.errors import ConfigError
from tests.adapters.file.inbox import Inbox

ORDER = {
    "type": "object",
    "required": ["order"],
    "properties": {
        "order": {"type": "integer", "minimum": 1},
        "lines": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}},
    },
}


def folder(tmp_path: Path, **schemas: Any) -> Path:
    """Write schemas, each under its version; text stands as it is."""
    path = tmp_path / "schemas"
    path.mkdir()
    for version, schema in schemas.items():
        text = schema if isinstance(schema, str) else json.dumps(schema)
        (path / f"{version}.json").write_text(text)
    return path


def inbox(tmp_path: Path, **schemas: Any) -> Inbox:
    folder(tmp_path, **schemas)
    return Inbox(tmp_path, schemas="schemas")


def test_rows_that_do_not_follow_are_set_aside_with_field_and_issue(tmp_path: Path) -> None:
    box = inbox(tmp_path, v1=ORDER)
    rows = [
        {"order": 1},
        {"order": 0},
        {},
        {"order": 2, "lines": [{"sku": "a"}, {"sku": 7}]},
        {"order": 3},
        4,
    ]
    box.drop("a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows), schema_version="v1")
    box.take()
    assert box.data == [{"order": 1}, {"order": 3}]
    found = [
        (row["row"], row["field"], row["issue"], row["given"]) for row in box.rejected("a_rejected.jsonl")
    ]
    assert found == [
        (2, "order", "0 is less than the minimum of 1", {"order": 0}),
        (3, "", '"order" is a required property', {}),
        (4, "lines.1.sku", '7 is not of type "string"', rows[3]),
        (6, "", '4 is not of type "object"', 4),
    ]
    assert box.archived("a.meta.json")["taken"]["set_aside"] == 4


def test_every_issue_of_a_row_is_told_up_to_a_bound(tmp_path: Path) -> None:
    box = inbox(tmp_path, v1={"additionalProperties": {"type": "integer"}})
    box.drop("a.jsonl", json.dumps({f"f{n}": "x" for n in range(50)}), schema_version="v1")
    [row] = box.take().rejected("a_rejected.jsonl")
    assert row["field"].startswith("f")
    assert len(row["more"]) == 19


def test_schema_of_each_version_counts_and_a_file_that_names_none_is_free(tmp_path: Path) -> None:
    box = inbox(tmp_path, **{"1": {"type": "integer"}, "1.1-b": {"type": "string"}})
    for name, version in (("a", "1.1-b"), ("b", 1), ("c", None)):
        box.drop(f"{name}.jsonl", '"x"\n', schema_version=version)
    box.take()
    assert box.data == ["x", "x"]
    assert [row["issue"] for row in box.rejected("b_rejected.jsonl")] == ['"x" is not of type "integer"']


def test_whole_file_that_does_not_follow_is_set_aside_whole(tmp_path: Path) -> None:
    folder(tmp_path, v1=ORDER)
    box = Inbox(tmp_path, schemas="schemas", split="file")
    box.drop("a.json", '{"order": 0}', schema_version="v1")
    assert box.take().data == []
    error = box.error("a.error.json")
    assert (error["check"], error["issue"]) == ("schema", "order: 0 is less than the minimum of 1")


@pytest.mark.parametrize(
    ("version", "expected", "words"),
    [
        ("v2", "one of v1", "there is no schema 'v2'"),
        ("../v1", "letters, digits, '.', '_' and '-'", "there is no schema '../v1'"),
        ("", "letters, digits, '.', '_' and '-'", "there is no schema ''"),
        (7, "one of v1", "there is no schema 7"),
    ],
)
def test_file_that_names_a_schema_that_is_not_there_is_set_aside(
    tmp_path: Path, version: Any, expected: str, words: str
) -> None:
    box = inbox(tmp_path, v1=ORDER)
    box.drop("a.jsonl", '{"order": 1}\n', schema_version=version)
    assert box.take().data == []
    error = box.error("a.error.json")
    assert (error["check"], error["expected"], error["given"]) == ("schema_version", expected, version)
    assert words in error["issue"]
    assert "put the schema into the folder" in error["advice"]


def test_empty_folder_of_schemas_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFault) as caught:
        Schemas(tmp_path / "none").of("v1")
    assert caught.value.expected == f"one of the schemas in {tmp_path / 'none'}, which has none"


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "7",
        '{"type": "no-such-type"}',
        '{"pattern": "("}',
        '{"$ref": "https://example.org/order.json"}',
        '{"$ref": "file:///etc/passwd"}',
        "\udcff",
    ],
    ids=["half", "number", "type", "pattern", "http", "file", "no-text"],
)
def test_schema_that_is_none_or_points_elsewhere_sets_the_file_aside(tmp_path: Path, schema: str) -> None:
    folder(tmp_path)
    (tmp_path / "schemas" / "v1.json").write_bytes(schema.encode(errors="surrogateescape"))
    box = Inbox(tmp_path, schemas="schemas")
    box.drop("a.jsonl", '{"order": 1}\n', schema_version="v1")
    assert box.take().data == []
    error = box.error("a.error.json")
    assert (error["check"], error["given"]) == ("schema_version", "v1")
    assert f"the schema {tmp_path / 'schemas' / 'v1.json'} cannot be used: " in error["issue"]
    assert "\n" not in error["issue"]


def test_pattern_that_takes_too_long_sets_its_row_aside_and_stops_nothing(tmp_path: Path) -> None:
    box = inbox(tmp_path, v1={"pattern": "^(?=(a+)+$)(a+)+$"})
    box.drop("a.jsonl", f'"{"a" * 60}b"\n"aaa"\n', schema_version="v1")
    assert box.take().data == ["aaa"]
    [row] = box.rejected("a_rejected.jsonl")
    assert row["row"] == 1


def test_schema_that_is_mended_counts_for_the_next_file(tmp_path: Path) -> None:
    box = inbox(tmp_path, v1={"type": "string"})
    box.drop("a.jsonl", "1\n", schema_version="v1")
    box.take()
    (tmp_path / "schemas" / "v1.json").write_text("true")
    box.drop("b.jsonl", "2\n", schema_version="v1")
    assert box.take().data == [2]


def test_missing_extra_is_named_before_anything_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    config = tmp_path / "crossdock.toml"
    config.write_text('[apps.a]\ninbound = { file = "data/imports", schemas = "schemas" }\n')

    with pytest.raises(ConfigError, match=r"apps\.a\.inbound\.file: schemas: .*'crossdock\[schemas\]'"):
        entrances(load(config))
