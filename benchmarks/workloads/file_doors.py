"""Rows per second into the hub from a file, and out of it into files, beside a script that promises nothing."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from benchmarks.channel import Answer, run
from benchmarks.contenders import load
from benchmarks.contenders.crossdock_queue import url
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload, create

if TYPE_CHECKING:
    from benchmarks.channel import Channel
    from crossdock import Hub

SCRIPT = "csv + executemany"
JSON_SCRIPT = "csv + json + executemany"
OUT_SCRIPT = "SELECT + csv.writer"
HUB = "through the hub"
SMALL = "through the hub, a tenth"
COLUMNS = ("order", "customer", "sku", "quantity", "price", "paid")
FILE = "shop_orders_2031-05-17_001.csv"
ROWS_PER_FILE = 10_000
SMALL_ROWS = 100_000
LIMIT_S = 280.0
LOOK_EVERY_S = 0.02
TABLE = "CREATE TABLE row_of_file ({})".format(", ".join(f'"{name}" TEXT' for name in COLUMNS))
INSERT = f"INSERT INTO row_of_file VALUES ({', '.join('?' * len(COLUMNS))})"
CONFIGURATION = """\
[store]
url = "{url}"

[apps.importer]
inbound = {{ file = "data/imports", pattern = "*.csv", split = "rows" }}
next = ["importer-next"]

[apps.importer-next]

[apps.exporter]
outbound = {{ file = "data/exports", format = "csv", rows = {rows}, every = "1m" }}
"""


class FileIn(Workload):
    """A CSV file of six columns becomes a row each.

    `csv + executemany` puts its cells into a table without an index, all in one commit; a kill loses all of it or, run
    again, doubles it. `csv + json + executemany` makes them JSON in the table of `raw-minimal`. The hub verifies size,
    checksum and number of rows first, then stores each row as a message of its own with an identity, some thousand rows
    a commit together with the place in the file, and moves the file to the archive; the clock stops there. `a tenth` is
    a file of a tenth of the rows: memory must be the same.
    """

    name = "file-in"
    title = "Rows of a CSV file into the queue"
    columns = (
        Column("per_s", "rows/s"),
        Column("count", "rows"),
        Column("cpu_us", "CPU, µs/row", 1),
        Column("peak_mib", "peak RSS, MiB", 1),
    )
    contenders = ("raw-minimal", "crossdock")
    ours = f"crossdock, {HUB}"
    ratio_of = "per_s"
    most_rounds = 3
    variants: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "raw-minimal": (SCRIPT, JSON_SCRIPT), "crossdock": (HUB, SMALL),
    }  # fmt: skip
    roles: ClassVar[Mapping[str, str]] = {
        SCRIPT: "copy_in",
        JSON_SCRIPT: "copy_in_json",
        HUB: "take",
        SMALL: "take",
    }

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        return [
            Entrant(one.contender, way)
            for one in super().entrants(contenders)
            for way in self.variants[one.contender]
        ]

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        durability = create(entrant, place)
        self.fill(entrant, place, self._count(entrant, scale))
        return durability

    def fill(self, entrant: Entrant, place: Place, count: int) -> None:
        """Write the file, and its manifest."""
        del entrant
        write_file(place.directory / "data" / "imports", count)

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        return run(
            f"workloads.file_doors:{self.roles[entrant.variant]}",
            place.log,
            limit_s=LIMIT_S,
            contender=entrant.contender,
            directory=str(place.directory),
            count=self._count(entrant, scale),
        )

    @staticmethod
    def _count(entrant: Entrant, scale: Scale) -> int:
        return min(SMALL_ROWS, scale.growth // 2) if entrant.variant == SMALL else scale.growth


class FileOut(FileIn):
    """Messages become rows of CSV files, ten thousand in each.

    `SELECT + csv.writer` writes the rows of a table to one file and makes that durable; it marks nothing in the table,
    so run again it writes everything again. The hub writes each file under a hidden name, with its checksum in a
    manifest, makes both and their folder durable, and completes each message; the clock stops when all are completed.
    """

    name = "file-out"
    title = "Messages out into CSV files"
    variants: ClassVar = {"raw-minimal": (OUT_SCRIPT,), "crossdock": (HUB, SMALL)}
    roles: ClassVar = {OUT_SCRIPT: "copy_out", HUB: "export", SMALL: "export"}

    def fill(self, entrant: Entrant, place: Place, count: int) -> None:
        """Put the rows into the table, or into the queue."""
        run(
            f"workloads.file_doors:{'fill_table' if entrant.variant == OUT_SCRIPT else 'fill_queue'}",
            place.log,
            limit_s=LIMIT_S,
            contender=entrant.contender,
            directory=str(place.directory),
            count=count,
        )


def record(number: int) -> tuple[str, ...]:
    """Make a row: about 50 bytes, as a small shop would export it."""
    price = f"{number % 90_000 / 100:.2f}"
    return (
        str(number),
        f"customer-{number % 997}",
        f"SKU-{number % 5000:05}",
        str(number % 7 + 1),
        price,
        "true",
    )


def write_file(folder: Path, count: int) -> None:
    """Write a CSV file and its manifest."""
    folder.mkdir(parents=True)
    path = folder / FILE
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(map(record, range(count)))
    with path.open("rb") as data:
        checksum = hashlib.file_digest(data, "sha256").hexdigest()
    manifest = {
        "filename": FILE, "created_at": "2031-05-17T08:30:00Z", "created_by": "shop", "row_count": count,
        "file_size": path.stat().st_size, "checksum": f"sha256:{checksum}",
    }  # fmt: skip
    (folder / f"{path.stem}.meta.json").write_text(json.dumps(manifest))


def copy_in(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that copies a file into a table, as a script would."""
    return _copy_in(channel, contender, directory, count, as_json=False)


def copy_in_json(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that makes JSON of each row besides."""
    return _copy_in(channel, contender, directory, count, as_json=True)


def _copy_in(channel: Channel, contender: str, directory: str, count: int, *, as_json: bool) -> Answer:
    session: Any = load(contender).open(Path(directory))
    connection = session._connection  # noqa: SLF001 - the script is written here
    connection.execute(TABLE)
    channel.ready()
    with closing(session), _Clock(count) as clock:
        connection.execute("BEGIN IMMEDIATE")
        with (Path(directory) / "data" / "imports" / FILE).open(newline="") as file:
            if as_json:
                texts = ((json.dumps(row),) for row in csv.DictReader(file))
                connection.executemany("INSERT INTO message (app, data) VALUES ('app', ?)", texts)
            else:
                rows = csv.reader(file)
                next(rows)
                connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
    return clock.answer


def fill_table(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that makes the table which is copied out."""
    session: Any = load(contender).open(Path(directory))
    connection = session._connection  # noqa: SLF001 - as above
    channel.ready()
    with closing(session):
        connection.execute(TABLE)
        connection.execute("BEGIN")
        connection.executemany(INSERT, map(record, range(count)))
        connection.execute("COMMIT")
    return {}


def copy_out(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that copies a table into a file, as a script would."""
    session: Any = load(contender).open(Path(directory))
    connection = session._connection  # noqa: SLF001 - as above
    channel.ready()
    with (
        closing(session),
        _Clock(count) as clock,
        (Path(directory) / "rows.csv").open("w", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(connection.execute("SELECT * FROM row_of_file"))
        file.flush()
        os.fsync(file.fileno())
    return clock.answer


def fill_queue(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that sends what will be exported."""
    session: Any = load(contender).open(Path(directory))
    channel.ready()
    with closing(session):
        for first in range(0, count, ROWS_PER_FILE):
            rows = (record(n) for n in range(first, min(first + ROWS_PER_FILE, count)))
            session.queue.send_many("exporter", [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    return {}


def take(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child whose hub takes the file in."""
    del contender
    with _hub(Path(directory)) as hub:
        channel.ready()
        archive = Path(directory) / "data" / "archive"
        with _Clock(count) as clock:
            _run_until(hub, "importer", lambda: any(archive.glob(f"*/{Path(FILE).stem}.meta.json")))
        stored = hub.queue.stats("importer-next")["importer-next"].ready
    if stored != count:
        raise AssertionError(f"{stored} of {count} rows are in the queue")
    return clock.answer


def export(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child whose hub writes the files."""
    del contender
    exports = Path(directory) / "data" / "exports"
    with _hub(Path(directory)) as hub:
        channel.ready()
        with _Clock(count) as clock:
            files = count // ROWS_PER_FILE
            _run_until(hub, "exporter", lambda: sum(1 for _ in exports.glob("*/*.meta.json")) == files)
        completed = hub.queue.stats("exporter")["exporter"].completed
    if completed != count:
        raise AssertionError(f"{completed} of {count} messages are completed")
    return clock.answer


@contextmanager
def _hub(directory: Path) -> Iterator[Hub]:
    from crossdock import Hub  # noqa: PLC0415 - only these children need it

    path = directory / "crossdock.toml"
    path.write_text(CONFIGURATION.format(url=url(directory), rows=ROWS_PER_FILE))
    with Hub(path) as hub:
        assert hub.queue  # opened before the clock starts, as the script's connection is
        yield hub


def _run_until(hub: Hub, app: str, is_done: Callable[[], bool]) -> None:
    """Run a hub until something is the case; it settles what it has in hand before it ends."""
    stop = threading.Event()

    def watch() -> None:
        while not is_done():
            time.sleep(LOOK_EVERY_S)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    hub.run(app, stop=stop)


class _Clock:
    """Measures a block: time, processor time of the process, and the most memory it ever had."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.answer: Answer = {}

    def __enter__(self) -> Self:
        self._begin, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *unused: object) -> None:
        took, cpu = time.perf_counter() - self._begin, time.process_time() - self._cpu
        self.answer = {
            "per_s": self._count / took, "count": self._count, "cpu_us": cpu / self._count * 1e6,
            "peak_mib": _peak_mib(),
        }  # fmt: skip


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
