"""The ways between apps that are switched under load: a road for each adapter, and for each mode that differs.

Whoever adds an adapter adds its roads here; ``test_switching.py`` then switches between it and all others.
"""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.adapters.http.receiving import Receiver

APPEND = """\
import fcntl, json, os, pathlib

FILE = pathlib.Path(__file__).with_suffix(".arrived")

def append(data):
    fd = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.write(fd, json.dumps(data).encode() + b"\\n")
    os.close(fd)
"""
FUNCTION = (
    APPEND
    + """
def deliver(message):
    append(message.data)
"""
)
ONE_RUN = (
    APPEND
    + """
import sys
append(json.load(sys.stdin))
"""
)
STAYS = (
    APPEND
    + """
import sys
for line in sys.stdin:
    frame = json.loads(line)
    if "id" not in frame:
        continue
    result = {"protocol": 1} if frame["method"] == "initialize" else None
    if frame["method"] == "deliver":
        append(frame["params"]["event"]["data"])
    print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)
"""
)
WRITES_LINES = """\
import os, pathlib, sys, time
folder = pathlib.Path(__file__).parent
at = 0
while True:
    text = (folder / "given").read_text() if (folder / "given").exists() else ""
    whole = text[: text.rfind("\\n") + 1]
    done = int((folder / "at").read_text()) if at == 0 and (folder / "at").exists() else at
    for line in whole[done:].splitlines(keepends=True):
        sys.stdout.write(line)
        sys.stdout.flush()
        done += len(line)
        (folder / "at").write_text(str(done))
    at = done
    time.sleep(0.02)
"""


@dataclass(frozen=True)
class OutboundRoad:
    """What hands messages over.

    Attributes:
        kind: Of its adapter.
        table: Makes its far side in a folder, and returns its table of the configuration.
        received: Returns what arrived there, in that order.
    """

    kind: str
    table: Callable[[Path], Mapping[str, Any]]
    received: Callable[[Path], list[dict[str, Any]]]


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def _arrived(name: str) -> Callable[[Path], list[dict[str, Any]]]:
    def received(folder: Path) -> list[dict[str, Any]]:
        file = folder / f"{name}.arrived"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return received


def _python(folder: Path) -> Mapping[str, Any]:
    _script(folder, "function.py", FUNCTION)
    return {"python": "function:deliver"}


def _process_run(folder: Path) -> Mapping[str, Any]:
    program = _script(folder, "one_run.py", ONE_RUN)
    return {"process": [sys.executable, "-S", str(program)], "output": "ignore"}


def _process_rpc(folder: Path) -> Mapping[str, Any]:
    return {"process": [sys.executable, "-S", str(_script(folder, "stays.py", STAYS))], "mode": "rpc"}


def _file(folder: Path) -> Mapping[str, Any]:
    (folder / "tree" / "exports").mkdir(parents=True, exist_ok=True)
    return {"file": str(folder / "tree" / "exports"), "format": "jsonl", "rows": 5, "every": "20ms"}


def _in_files(folder: Path) -> list[dict[str, Any]]:
    manifests = sorted((folder / "tree" / "exports").rglob("*.meta.json"), key=_sequence)
    files = [path.parent / json.loads(path.read_text())["filename"] for path in manifests]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@lru_cache
def _receiver() -> Receiver:
    """Return the one receiver of this process: each folder has its path there."""
    receiver = Receiver()
    atexit.register(receiver.close)
    return receiver


def _http(folder: Path) -> Mapping[str, Any]:
    return {"http": _receiver().url(f"/{folder.name}"), "allow": ["127.0.0.1"], "format": "binary"}


def _at_receiver(folder: Path) -> list[dict[str, Any]]:
    return [event["data"] for event in _receiver().arrived[f"/{folder.name}"]]


def _sequence(manifest: Path) -> tuple[str, int]:
    return manifest.parent.name, int(manifest.name.removesuffix(".meta.json").rpartition("_")[2])


OUTBOUND: Mapping[str, OutboundRoad] = {
    "python": OutboundRoad("python", _python, _arrived("function")),
    "process-run": OutboundRoad("process", _process_run, _arrived("one_run")),
    "process-rpc": OutboundRoad("process", _process_rpc, _arrived("stays")),
    "file": OutboundRoad("file", _file, _in_files),
    "http": OutboundRoad("http", _http, _at_receiver),
}


@dataclass(frozen=True)
class InboundRoad:
    """What takes messages in.

    Attributes:
        kind: Of its adapter.
        table: Makes its far side in a folder, and returns its table of the configuration.
        give: Lets the adapter find data there; called again and again.
    """

    kind: str
    table: Callable[[Path], Mapping[str, Any]]
    give: Callable[[Path, Sequence[Mapping[str, str]]], None]


def _file_in(folder: Path) -> Mapping[str, Any]:
    (folder / "in" / "imports").mkdir(parents=True, exist_ok=True)
    return {
        "file": str(folder / "in" / "imports"), "pattern": "*.jsonl", "split": "rows", "arrival": "done-marker",
        "every": "50ms",
    }  # fmt: skip


def _give_file(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
    imports = folder / "in" / "imports"
    name = f"orders_{int(items[0]['n']):06}.jsonl"
    (imports / name).write_text("".join(json.dumps(item) + "\n" for item in items))
    (imports / f"{name}.done").touch()


def _lines_in(folder: Path) -> Mapping[str, Any]:
    (folder / "lines").mkdir(exist_ok=True)
    program = _script(folder / "lines", "writes_lines.py", WRITES_LINES)
    return {"process": [sys.executable, "-S", str(program)]}


def _give_lines(folder: Path, items: Sequence[Mapping[str, str]]) -> None:
    (folder / "lines").mkdir(exist_ok=True)
    with (folder / "lines" / "given").open("a") as file:
        file.write("".join(json.dumps(item) + "\n" for item in items))


INBOUND: Mapping[str, InboundRoad] = {
    "file": InboundRoad("file", _file_in, _give_file),
    "process-lines": InboundRoad("process", _lines_in, _give_lines),
}
