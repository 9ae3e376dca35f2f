"""The ways into Crossdock and out of it that tests go: a road for each adapter, and for each mode that differs.

Whoever adds an adapter adds its roads here. ``switching/test_switching.py`` then switches between it and all others,
the crash tests kill what drives it, together with all others, and ``docs/reference/guarantees.md`` tells of it.
"""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossdock import Queue
from crossdock.config import load
from crossdock.domain.webhook import new_secret
from tests.adapters import road_programs
from tests.crash.history import Kind, Sighting, read_history

IN, OUT = "in", "out"
"""The app whose inbound adapter takes messages in, and the app whose outbound adapter hands them over."""


@dataclass(frozen=True)
class OutboundRoad:
    """What hands messages over.

    Attributes:
        kind: Of its adapter; it serves the app ``out``.
        shown: For readers.
        table: Makes its far side in a folder, and returns its table of the configuration.
        seen: Returns what its far side saw in that folder: each message as it began, and as it ended.
        delivered_when: What has happened when a message counts as delivered; for readers.
        arrives_once: No message is there twice, whatever was killed.
    """

    kind: str
    shown: str
    table: Callable[[Path], Mapping[str, Any]]
    seen: Callable[[Path], list[Sighting]]
    delivered_when: str
    arrives_once: bool = False

    def received(self, folder: Path) -> list[Sighting]:
        """Return each arrival, in that order."""
        return [one for one in self.seen(folder) if one.kind is Kind.STARTED]


@dataclass(frozen=True)
class InboundRoad:
    """What takes messages in.

    Attributes:
        kind: Of its adapter; it serves the app ``in``.
        shown: For readers.
        table: Makes its far side in a folder, and returns its table of the configuration; None: it needs none.
        give: Lets the adapter find data there, with ``n`` and ``key``; called again and again.
        acknowledged: Returns the ``n`` of what the far side knows to be stored; None: it is told nothing.
        acknowledged_when: What tells it so; for readers.
        api: Returns the table of the API in that folder, if that drives it; None: workers do.
    """

    kind: str
    shown: str
    table: Callable[[Path], Mapping[str, Any]] | None
    give: Callable[[Path, Sequence[Mapping[str, str]]], None]
    acknowledged: Callable[[Path], set[str]] | None
    acknowledged_when: str
    api: Callable[[Path], Mapping[str, Any]] | None = None


# --- outbound -------------------------------------------------------------------------------------------------


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def _noted(name: str) -> Callable[[Path], list[Sighting]]:
    def seen(folder: Path) -> list[Sighting]:
        file = folder / f"{name}.history"
        return sorted(read_history(file), key=lambda one: one.mono) if file.exists() else []

    return seen


def _python(folder: Path) -> Mapping[str, Any]:
    _script(folder, "function.py", road_programs.FUNCTION)
    return {"python": "function:deliver"}


def _process_run(folder: Path) -> Mapping[str, Any]:
    program = _script(folder, "one_run.py", road_programs.ONE_RUN)
    return {"process": [sys.executable, "-S", str(program)], "output": "ignore"}


def _process_rpc(folder: Path) -> Mapping[str, Any]:
    program = _script(folder, "stays.py", road_programs.STAYS)
    return {"process": [sys.executable, "-S", str(program)], "mode": "rpc"}


def _file(folder: Path) -> Mapping[str, Any]:
    (folder / "tree" / "exports").mkdir(parents=True, exist_ok=True)
    return {"file": str(folder / "tree" / "exports"), "format": "jsonl", "rows": 5, "every": "20ms"}


def _in_files(folder: Path) -> list[Sighting]:
    """Each row of each file that has its manifest, at the instant at which that came."""
    manifests = sorted((folder / "tree" / "exports").rglob("*.meta.json"), key=_arrival)
    files = [(path.parent / json.loads(path.read_text())["filename"], path) for path in manifests]
    rows = [(line, manifest) for file, manifest in files for line in file.read_text().splitlines()]
    apart = time.time() - time.monotonic()
    return [
        one
        for place, (line, manifest) in enumerate(rows)
        for one in _row(json.loads(line), manifest.stat().st_mtime + place / 1e6, apart, f"row-{place}")
    ]


def _arrival(manifest: Path) -> tuple[float, int]:
    """When a manifest came; the clock of files is coarse, so that the sequence number decides between neighbours."""
    return manifest.stat().st_mtime, int(manifest.name.removesuffix(".meta.json").rpartition("_")[2])


@lru_cache
def _receiver() -> str:
    """Start the one receiver of webhooks of this process; return its address."""
    receiver = _program("receiver_program")
    assert receiver.stdout is not None
    return f"http://127.0.0.1:{int(receiver.stdout.readline())}"


def _program(name: str) -> subprocess.Popen[str]:
    """Start a far side that outlives whatever is killed, and ends with this process."""
    words = [sys.executable, "-m", f"tests.adapters.http.{name}"]
    root = Path(__file__).resolve().parents[2]
    program = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, program)
    return program


def _end(program: subprocess.Popen[str]) -> None:
    with program:
        program.terminate()


def _http(folder: Path) -> Mapping[str, Any]:
    return {"http": f"{_receiver()}{quote(str(folder))}", "allow": ["127.0.0.1"], "format": "binary"}


def _row(data: Mapping[str, str], wall: float, apart: float, note: str) -> Iterator[Sighting]:
    for kind in (Kind.STARTED, Kind.ENDED):
        yield Sighting(kind, 0, wall - apart, wall, data["n"], OUT, data["key"], note=note)


OUTBOUND: Mapping[str, OutboundRoad] = {
    "python": OutboundRoad(
        "python", "`python`", _python, _noted("function"), "the function has returned",
    ),
    "process-run": OutboundRoad(
        "process", '`process`, `mode = "run"`', _process_run, _noted("one_run"),
        "the program has ended with exit code 0",
    ),
    "process-rpc": OutboundRoad(
        "process", '`process`, `mode = "rpc"`', _process_rpc, _noted("stays"), "the program has answered `deliver`",
    ),
    "file": OutboundRoad(
        "file", "`file`", _file, _in_files,
        "the file and its manifest have their names, and both and their folder are synced to the disk",
        arrives_once=True,
    ),
    "http": OutboundRoad("http", "`http`", _http, _noted("http"), "the far side has answered with 2xx"),
}  # fmt: skip


# --- inbound --------------------------------------------------------------------------------------------------


def _file_in(folder: Path) -> Mapping[str, Any]:
    (folder / "in" / "imports").mkdir(parents=True, exist_ok=True)
    return {
        "file": str(folder / "in" / "imports"), "pattern": "*.jsonl", "split": "rows", "arrival": "done-marker",
        "every": "50ms", "partition_key": "key",
    }  # fmt: skip


def _give_file(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
    imports = folder / "in" / "imports"
    name = f"orders_{int(items[0]['n']):06}.jsonl"
    (imports / name).write_text("".join(json.dumps(item) + "\n" for item in items))
    (imports / f"{name}.done").touch()


def _archived(folder: Path) -> set[str]:
    files = (folder / "in" / "archive").rglob("*.jsonl")
    return {json.loads(line)["n"] for file in files for line in file.read_text().splitlines()}


def _lines_in(folder: Path) -> Mapping[str, Any]:
    (folder / "lines").mkdir(exist_ok=True)
    program = _script(folder / "lines", "writes_lines.py", road_programs.WRITES_LINES)
    return {"process": [sys.executable, "-S", str(program)]}


def _frames_in(folder: Path) -> Mapping[str, Any]:
    (folder / "frames").mkdir(exist_ok=True)
    program = _script(folder / "frames", "sends_frames.py", road_programs.SENDS_FRAMES)
    return {"process": [sys.executable, "-S", str(program)], "mode": "rpc"}


def _give_program(name: str) -> Callable[[Path, Sequence[Mapping[str, str]]], None]:
    def give(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
        (folder / name).mkdir(exist_ok=True)
        with (folder / name / "given").open("a") as file:
            file.write("".join(json.dumps(item) + "\n" for item in items))

    return give


def _answered(folder: Path) -> set[str]:
    given = (folder / "frames" / "given").read_text().splitlines()
    stored = folder / "frames" / "stored"
    return {json.loads(line)["n"] for line in given[: int(stored.read_text()) if stored.exists() else 0]}


def _webhooks_in(folder: Path) -> Mapping[str, Any]:
    place = folder / "webhooks"
    place.mkdir(exist_ok=True)
    (place / "secret").write_text(new_secret())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (place / "port").write_text(str(listener.getsockname()[1]))
    return {"http": "standard-webhooks", "secrets": [{"file": str(place / "secret")}]}


def _api(folder: Path) -> Mapping[str, Any]:
    return {"port": int((folder / "webhooks" / "port").read_text())}


_poster = lru_cache(partial(_program, "poster_program"))
"""The one program of this process that posts webhooks."""


def _post(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
    place = folder / "webhooks"
    is_first = not (place / "given").exists()
    _give_program("webhooks")(folder, items)
    if is_first:
        poster = _poster()
        assert poster.stdin is not None
        poster.stdin.write(f"{place}\n")
        poster.stdin.flush()


def _posted(folder: Path) -> set[str]:
    stored = folder / "webhooks" / "stored"
    return set(stored.read_text().split("\n")[:-1]) if stored.exists() else set()


INBOUND: Mapping[str, InboundRoad] = {
    "file": InboundRoad(
        "file", "`file`", _file_in, _give_file, _archived, "its file is in the archive"
    ),
    "process-lines": InboundRoad(
        "process", '`process`, `mode = "lines"`', _lines_in, _give_program("lines"), None, "nothing: a pipe is mute"
    ),
    "process-rpc": InboundRoad(
        "process", '`process`, `mode = "rpc"`', _frames_in, _give_program("frames"), _answered,
        "its `send` is answered",
    ),
    "http": InboundRoad(
        "http", "`http`", _webhooks_in, _post, _posted, "the webhook is answered with 2xx", api=_api
    ),
}  # fmt: skip


def _send(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
    with (
        Queue.from_config(load(folder / "crossdock.toml", environ={}), app=IN) as queue,
        (folder / "sent").open("a") as acknowledged,
    ):
        for item in items:
            queue.send(OUT, item, message_id=f"n-{item['n']}", partition_key=item["key"])
            acknowledged.write(f"{item['n']}\n")


def _sent(folder: Path) -> set[str]:
    return set((folder / "sent").read_text().split())


SENDING = InboundRoad("python", "`Queue.send` in Python", None, _send, _sent, "the call has returned")
"""Programs that need no adapter to send."""
ROADS_IN: Mapping[str, InboundRoad] = {"python": SENDING, **INBOUND}


def api_of(folder: Path, *roads: str) -> Mapping[str, Any] | None:
    """Return the table of the API that ways in need in a folder; None: none of them does."""
    tables = [road.api(folder) for road in map(ROADS_IN.__getitem__, roads) if road.api is not None]
    return tables[0] if tables else None
