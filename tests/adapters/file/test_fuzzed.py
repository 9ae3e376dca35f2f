"""Whatever lies in the inbox: the loop goes on, and every file and every row is accounted for."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as some

from crossdock.domain.message import encode
from tests.adapters.file.inbox import CREATED, Inbox, checksum

CSV = b"n\n1\n2\n"
RIGHT: dict[str, Any] = {
    "filename": "a.csv", "created_at": CREATED, "file_size": len(CSV), "checksum": checksum(CSV), "row_count": 2,
}  # fmt: skip
EARLIEST = json.dumps({**RIGHT, "created_at": "0001-01-01T00:00:00+23:00"})

json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
nearly_right = some.fixed_dictionaries(
    {},
    optional={
        **{
            key: some.just(value)
            | json_values
            | some.sampled_from([
                "", ".", "..", "../a.csv", "/etc/passwd", "a.meta.json", "A.csv", "a.csv\0", "a" * 300, -1, 2**80,
                "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "sha256:" + "0" * 64,
            ])
            for key, value in RIGHT.items()
        },
        "schema_version": json_values, "next_app": json_values, "taken": json_values, "replay_of": json_values,
    },
)  # fmt: skip
manifests = (
    some.binary(max_size=60)
    | json_values.map(lambda value: json.dumps(value).encode())
    | nearly_right.map(lambda changes: json.dumps(RIGHT | changes).encode())
    | nearly_right.map(lambda changes: (json.dumps(RIGHT | changes)[:-1] + ', "x": 1, "x": 2}').encode())
)


@contextmanager
def fresh(**options: Any) -> Iterator[Inbox]:
    with tempfile.TemporaryDirectory() as folder:
        yield Inbox(Path(folder), **options)


def places(inbox: Inbox, name: str) -> list[str]:
    """Return the folders of the root in which a file is."""
    return [path.split("/")[0] for path in inbox.tree() if Path(path).name == name]


@given(manifests)
@example((EARLIEST[:-1] + ', "x": 1, "x": 2}').encode())
@example((EARLIEST[:-1] + ', "x": NaN}').encode())
@settings(deadline=None, max_examples=30)
def test_no_manifest_loses_its_pair_or_stops_the_next(manifest: bytes) -> None:
    with fresh() as inbox:
        (inbox.imports / "a.csv").write_bytes(CSV)
        (inbox.imports / "a.meta.json").write_bytes(manifest)
        inbox.drop("z.json", '"z"')
        inbox.take()
        assert "z" in inbox.data
        [place] = places(inbox, "a.csv")
        assert places(inbox, "a.meta.json") == [place]
        if place == "errors":
            assert inbox.data == ["z"]
            error = inbox.error("a.error.json")
            assert error["filename"] == "a.csv"
            assert error["check"]
            assert error["issue"]
            assert (inbox.root / "errors/2031-05-17/a.meta.json").read_bytes() == manifest
        else:
            assert place == "archive"
            assert [item for item in inbox.data if item != "z"] == [{"n": "1"}, {"n": "2"}]


lines = some.lists(
    some.binary(max_size=12)
    | some.sampled_from(
        [b'{"n": 1}', b'"', b"\x00", b"1,2", b'"a,b"', b'"a', b"\xef\xbb\xbf1", b"{", b"[1", b"1e999"]
    )
    | json_values.map(lambda value: json.dumps(value).encode()),
    max_size=8,
)


def account(inbox: Inbox, name: str) -> int | None:
    """Check that every row was sent or set aside with a reason; return how many, or None: the file was set aside."""
    stem = name.split(".", maxsplit=1)[0]
    for item in inbox.data:
        encode(item)
    [place] = places(inbox, name)
    if place == "errors":
        error = inbox.error(f"{stem}.error.json")
        assert error["issue"]
        assert error["rows_sent"] == len(inbox.data)
        return None
    assert place == "archive"
    taken = inbox.archived(f"{stem}.meta.json")["taken"]
    rejected = inbox.rejected(f"{stem}_rejected.jsonl") if taken["set_aside"] else []
    assert all(row["issue"] for row in rejected)
    assert (taken["sent"], taken["set_aside"]) == (len(inbox.data), len(rejected))
    assert taken["sent"] + taken["set_aside"] == taken["rows"]
    return int(taken["rows"])


@given(lines, some.booleans())
@settings(deadline=None, max_examples=30)
def test_every_line_of_json_lines_is_sent_or_set_aside(given_lines: list[bytes], pack: bool) -> None:  # noqa: FBT001 - hypothesis'
    content = b"\n".join([b"0", *(line.replace(b"\n", b" ").replace(b"\r", b" ") for line in given_lines)])
    name = "a.jsonl.gz" if pack else "a.jsonl"
    with fresh() as inbox:
        inbox.drop(name, gzip.compress(content) if pack else content)
        inbox.take()
        expected = sum(1 for line in content.split(b"\n") if line.strip())
        assert account(inbox, name) == expected


@given(lines)
@settings(deadline=None, max_examples=30)
def test_every_line_of_plain_csv_is_sent_or_set_aside(given_lines: list[bytes]) -> None:
    plain = [line.translate(None, b'\r\n"') for line in given_lines]
    content = b"n,m\n" + b"\n".join(plain)
    with fresh() as inbox:
        inbox.drop("a.csv", content)
        inbox.take()
        assert account(inbox, "a.csv") == sum(1 for line in plain if line)


@given(
    some.sampled_from(["a.csv", "a.json", "a.jsonl"]),
    lines | some.lists(some.binary(), max_size=3),
    some.data(),
)
@settings(deadline=None, max_examples=30)
def test_any_bytes_are_taken_or_set_aside_with_a_reason(
    name: str, pieces: list[bytes], data: some.DataObject
) -> None:
    content = data.draw(some.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"n,m\n", b"["]))
    content += data.draw(some.sampled_from([b"\n", b"\r\n", b"\r", b","])).join(pieces)
    if data.draw(some.booleans()):
        name += ".gz"
        packed = gzip.compress(content, mtime=0)
        content = packed[: data.draw(some.integers(0, len(packed)))]
    with fresh(split=data.draw(some.sampled_from(["rows", "file"]))) as inbox:
        inbox.drop(name, content)
        inbox.take()
        account(inbox, name)
