"""The outbound adapter: what is in the files, and what their manifests, names and modes are."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import Hub, InvalidMessage
from crossdock.adapters.file.manifest import parse_manifest
from crossdock.domain.errors import ConfigError, NotConnected
from crossdock.ports.outbound import Delivered, Gather, Handover
from tests.adapters.file.case import (
    DAY,
    NOW,
    Table,
    TableBatch,
    adapter,
    deliver,
    hidden,
    message,
    pairs,
    visible,
)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "table.json")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "data" / "exports"


async def put(folder: Path, table: Table, data: dict[str, Any], **settings: Any) -> list[Any]:
    """Send messages and hand all of them over."""
    table.send(data)
    to = adapter(folder, **settings)
    await to.connect()
    replies = await deliver(to, table, list(data))
    await to.close()
    return replies


def run(work: Any) -> Any:
    return asyncio.run(work)


class TestOneMessagePerFile:
    def test_json_is_written_as_it_is(self, tmp_path: Path, table: Table, exports: Path) -> None:
        replies = run(put(tmp_path, table, {"m1": {"order": 17}}))
        assert replies == [Delivered(result={"file": f"exports/{DAY}/warehouse_export_{DAY}_001.json"})]
        assert (exports / DAY / f"warehouse_export_{DAY}_001.json").read_bytes() == b'{"order":17}\n'
        assert visible(exports) == [
            f"warehouse_export_{DAY}_001.json",
            f"warehouse_export_{DAY}_001.meta.json",
        ]

    def test_bytes_are_written_as_they_are(self, tmp_path: Path, exports: Path) -> None:
        to = adapter(tmp_path)

        async def work() -> None:
            await to.connect()
            batch = TableBatch(Table(tmp_path / "t.json"), [])
            batch.handovers = [Handover(message(b"\x00odd\xff\r\n"), 1)]
            await to.deliver(batch)

        run(work())
        (pair,) = pairs(exports)
        assert (pair.content, pair.manifest["row_count"]) == (b"\x00odd\xff\r\n", None)

    @pytest.mark.parametrize(
        ("ext", "content"), [("csv", b"a,b\r\n1,\r\n,2\r\n"), ("jsonl", b'{"a":1}\n{"b":2}\n')]
    )
    def test_array_is_the_rows_of_its_file(
        self, tmp_path: Path, table: Table, exports: Path, ext: str, content: bytes
    ) -> None:
        run(put(tmp_path, table, {"m1": [{"a": 1}, {"b": 2}]}, format=ext))
        (pair,) = pairs(exports)
        assert (pair.content, pair.manifest["row_count"]) == (content, 2)

    def test_wrong_element_of_an_array_is_named(self, tmp_path: Path, table: Table, exports: Path) -> None:
        (error,) = run(put(tmp_path, table, {"m1": [{"a": 1}, 2]}, format="csv"))
        assert error.details == (
            ("data[1]", "expected an object, whose fields become a row of CSV; given 2"),
        )
        assert visible(exports) == []


class TestGathered:
    def test_capabilities_say_how_many_and_how_long(self, tmp_path: Path) -> None:
        assert adapter(tmp_path).capabilities.gather is None
        found = adapter(tmp_path, rows=10, every="5s").capabilities
        assert (found.gather, found.notes, found.ordered) == (
            Gather(count=10, wait=timedelta(seconds=5), max_bytes=64 * 1024**2),
            True,
            True,
        )

    def test_file_is_closed_when_it_has_so_much(self, tmp_path: Path, exports: Path) -> None:
        """Every message is in one file, in order; none has more than the bound and its last message."""
        (tmp_path / "crossdock.toml").write_text(
            f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n[apps.warehouse]\noutbound = '
            '{ file = "data/exports", format = "jsonl", rows = 1000, every = "1s", max_size = "10 KiB" }\n'
        )
        with Hub(tmp_path / "crossdock.toml") as hub:
            hub.queue.send_many("warehouse", [{"n": n, "text": "x" * 1000} for n in range(35)])
            hub.run(wait=timedelta(milliseconds=100))
        (day,) = (one for one in exports.iterdir() if one.is_dir())
        files = [one.read_text().splitlines() for one in sorted(day.glob("[!.]*.jsonl"))]
        assert [json.loads(line)["n"] for lines in files for line in lines] == list(range(35))
        assert max(len(lines) for lines in files) == 11
        assert len(files) >= 4

    def test_rows_of_csv_have_the_union_of_the_fields_in_order_of_appearance(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        data = {
            "m1": {"b": 1, "a": "x"},
            "m2": {"c": None, "a": True},
            "m3": {"a": {"deep": [1, "é"]}, "b": 1.5},
        }
        replies = run(put(tmp_path, table, data, format="csv", rows=10))
        file = f"exports/{DAY}/warehouse_export_{DAY}_001.csv"
        assert [reply.result for reply in replies] == [{"file": file, "row": row} for row in (1, 2, 3)]
        (pair,) = pairs(exports)
        assert pair.content.decode() == 'b,a,c\r\n1,x,\r\n,true,\r\n1.5,"{""deep"":[1,""é""]}",\r\n'

    def test_given_columns_choose(self, tmp_path: Path, table: Table, exports: Path) -> None:
        settings = {
            "format": "csv",
            "rows": 10,
            "columns": ["id", "name"],
            "delimiter": ";",
            "encoding": "latin-1",
        }
        run(put(tmp_path, table, {"m1": {"name": "Zoé", "more": 1}, "m2": {"id": 2}}, **settings))
        (pair,) = pairs(exports)
        assert pair.content == "id;name\r\n;Zoé\r\n2;\r\n".encode("latin-1")

    def test_what_can_be_no_row_is_refused_alone(self, tmp_path: Path, table: Table, exports: Path) -> None:
        data: dict[str, Any] = {
            "m1": {"a": 1},
            "m2": [1],
            "m3": "text",
            "m4": {},
            "m5": {"a": 5},
            "m6": {"a": "€"},
        }
        replies = run(put(tmp_path, table, data, format="csv", rows=10, encoding="latin-1"))
        refused = {
            place: reply.details for place, reply in enumerate(replies) if isinstance(reply, InvalidMessage)
        }
        assert refused == {
            1: (("data", "expected an object, whose fields become a row of CSV; given an array"),),
            2: (("data", 'expected an object, whose fields become a row of CSV; given "text"'),),
            3: (("data", "expected an object, whose fields become a row of CSV; given an empty one"),),
            5: (("data.a", "has the character '\\u20ac', which iso8859-1 does not have"),),
        }
        (pair,) = pairs(exports)
        assert [row["a"] for row in pair.rows] == ["1", "5"]
        assert [replies[0].result["row"], replies[4].result["row"]] == [1, 2]

    def test_nothing_is_noted_on_what_was_refused(self, tmp_path: Path, table: Table) -> None:
        """Else it would count as delivered when a person has mended it and sends it again."""
        run(put(tmp_path, table, {"m1": {"a": 1}, "m2": "text"}, format="csv", rows=10))
        assert table.rows["m2"] == {"data": "text", "note": None, "state": "refused"}

    def test_no_file_is_made_of_refused_messages_alone(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        run(put(tmp_path, table, {"m1": 1, "m2": 2}, format="csv", rows=10))
        assert visible(exports) == hidden(exports) == []

    def test_json_is_an_array_and_jsonl_has_lines(self, tmp_path: Path, table: Table, exports: Path) -> None:
        data: dict[str, Any] = {"m1": {"a": "é\n"}, "m2": [1], "m3": None}
        run(put(tmp_path, table, data, format="json", rows=10))
        run(put(tmp_path, table, data, format="jsonl", rows=10, type="lines"))
        array, lines = pairs(exports)
        assert json.loads(array.content) == list(data.values())
        assert lines.content.decode() == '{"a":"é\\n"}\n[1]\nnull\n'
        assert array.manifest["row_count"] == lines.manifest["row_count"] == 3

    def test_compressed_file_is_that_of_the_disk_in_its_manifest(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        run(put(tmp_path, table, {f"m{n}": {"n": n} for n in range(3000)}, format="csv.gz", rows=10_000))
        (pair,) = pairs(exports)
        assert pair.path.name == f"warehouse_export_{DAY}_001.csv.gz"
        assert gzip.decompress(pair.content).decode().splitlines() == ["n", *map(str, range(3000))]
        assert pair.content[4:8] == bytes(4)  # no time in it: equal rows are equal files


class TestNamesAndManifests:
    def test_manifest_says_all(self, tmp_path: Path, table: Table, exports: Path) -> None:
        settings = {"format": "jsonl", "type": "report", "schema_version": "1.0", "next_app": "archive"}
        run(put(tmp_path, table, {"m1": 1}, **settings))
        (path,) = exports.rglob("[!.]*.meta.json")
        found = parse_manifest(path.read_bytes(), path.name)
        assert found.model_dump(exclude={"checksum"}) == {
            "filename": f"warehouse_report_{DAY}_001.jsonl",
            "created_at": NOW,
            "created_by": "warehouse",
            "row_count": 1,
            "file_size": 2,
            "schema_version": "1.0",
            "next_app": "archive",
        }

    def test_numbers_rise_and_are_not_used_again_when_files_were_taken(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        for number in range(3):
            run(put(tmp_path, table, {f"m{number}": number}))
            assert visible(exports) == [
                f"warehouse_export_{DAY}_00{number + 1}{suffix}" for suffix in (".json", ".meta.json")
            ]
            for path in exports.rglob("[!.]*.json"):
                path.unlink()

    @pytest.mark.parametrize("ending", ["json", "csv.gz", "meta.json"])
    def test_name_that_a_stranger_has_is_passed_over(
        self, tmp_path: Path, table: Table, exports: Path, ending: str
    ) -> None:
        (exports / DAY).mkdir(parents=True)
        (exports / DAY / f"warehouse_export_{DAY}_041.{ending}").write_text("{}")
        (reply,) = run(put(tmp_path, table, {"m1": 1}))
        assert reply.result["file"].endswith("_042.json")

    def test_each_day_has_its_folder_and_its_numbers(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        at = datetime(2025, 11, 24, 23, 59, tzinfo=UTC)
        for key, moment in (("m1", at), ("m2", at + timedelta(minutes=2))):
            table.send({key: 1})
            to = adapter(tmp_path, now=lambda moment=moment: moment)  # type: ignore[misc]
            run(to.connect())
            run(deliver(to, table, [key]))
        assert [path.name for path in sorted(exports.iterdir())] == ["2025-11-24", "2025-11-25"]
        assert [pair.path.name for pair in pairs(exports)] == [
            "warehouse_export_2025-11-24_001.json",
            "warehouse_export_2025-11-25_001.json",
        ]

    @pytest.mark.parametrize(
        ("settings", "modes"),
        [({}, (0o640, 0o750)), ({"mode": "0600"}, (0o600, 0o700)), ({"mode": "660"}, (0o660, 0o770))],
        ids=str,
    )
    def test_modes_are_as_set_whatever_the_umask(
        self, tmp_path: Path, exports: Path, settings: dict[str, Any], modes: tuple[int, int]
    ) -> None:
        run(put(tmp_path, Table(tmp_path / "t.json"), {"m1": 1}, latest="newest.json", **settings))
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in exports.rglob("[!.]*")}
        assert {mode for name, mode in found.items() if "." in name} == {modes[0]}
        assert found[DAY] == stat.S_IMODE(exports.stat().st_mode) == modes[1]


class TestFarSide:
    def test_folder_that_vanished_is_waited_for_and_never_made_again(
        self, tmp_path: Path, table: Table, exports: Path
    ) -> None:
        table.send({"m1": 1})
        to = adapter(tmp_path)
        run(to.connect())
        exports.rename(tmp_path / "elsewhere")
        with pytest.raises(NotConnected, match="is not there"):
            run(deliver(to, table, ["m1"]))
        with pytest.raises(NotConnected, match="is not there"):
            run(to.connect())
        (tmp_path / "elsewhere").rename(exports)
        run(to.connect())
        run(deliver(to, table, ["m1"]))
        assert len(pairs(exports)) == 1

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_folder_that_may_not_be_written_is_waited_for(self, tmp_path: Path, exports: Path) -> None:
        exports.mkdir(parents=True)
        exports.chmod(0o500)
        with pytest.raises(NotConnected, match="may not be written"):
            run(adapter(tmp_path).connect())

    def test_stage_that_is_a_link_is_a_wrong_setting(self, tmp_path: Path, exports: Path) -> None:
        exports.parent.mkdir()
        exports.symlink_to(tmp_path)
        with pytest.raises(ConfigError, match="is a link"):
            run(adapter(tmp_path).connect())

    def test_nothing_is_written_through_a_link(self, tmp_path: Path, table: Table, exports: Path) -> None:
        table.send({"m1": 1})
        to = adapter(tmp_path)
        run(to.connect())
        outside = tmp_path / "outside"
        outside.mkdir()
        (exports / DAY).symlink_to(outside)
        with pytest.raises(NotConnected, match="is a link"):
            run(deliver(to, table, ["m1"]))
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize(
        "note",
        [
            {},
            {"file": 1, "ticket": 2},
            {"file": "exports/../../outside/x_y_2025-11-24_001.json", "ticket": "t"},
            {"file": f"other/{DAY}/x_y_{DAY}_001.json", "ticket": "t"},
            {"file": f"exports/{DAY}/../x.json", "ticket": "t"},
            {"file": f"exports/{DAY}/x_y_{DAY}_001.json", "ticket": "t"},
            {"file": f"exports/2025-02-30/x_y_{DAY}_001.json", "ticket": "t"},
        ],
    )
    def test_foreign_note_counts_for_nothing_and_leads_nowhere(
        self, tmp_path: Path, table: Table, exports: Path, note: dict[str, Any]
    ) -> None:
        table.send({"m1": 1})
        table.update(["m1"], note=note)
        to = adapter(tmp_path)
        run(to.connect())
        (reply,) = run(deliver(to, table, ["m1"]))
        assert reply.result == {"file": f"exports/{DAY}/warehouse_export_{DAY}_001.json"}

    def test_closing_is_harmless(self, tmp_path: Path) -> None:
        to = adapter(tmp_path)
        run(to.close())
        run(to.close())
