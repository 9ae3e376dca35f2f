"""How long a message is on its way from one application to another, for each pair of ways into and out of the hub."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, run
from benchmarks.contenders.crossdock_queue import url
from benchmarks.workloads.workload import Entrant, Place, Scale, Workload, latency_columns, pooled, serving

if TYPE_CHECKING:
    from benchmarks.channel import Channel

Give = Callable[[Mapping[str, int]], None]

PYTHON, FILE, LINES, RUN, RPC = "python", "file", "process lines", "process run", "process rpc"
WAYS_IN = (PYTHON, FILE, LINES)
WAYS_OUT = (PYTHON, FILE, RUN, RPC)
PAIRS = tuple(f"{way_in} → {way_out}" for way_in in WAYS_IN for way_out in WAYS_OUT)
GAP_S = 0.02
"""Between an arrival and the next message: the hub has nothing to do meanwhile."""
LOOK_EVERY_S = 0.0005
LIMIT_S = 20.0
WARM_UP = 3
FAR_SIDE = """\
import json, os, pathlib, sys, time

BOOK = os.open(pathlib.Path(__file__).with_name("arrived"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def handle(message):
    note(message.data)

def note(data):
    os.write(BOOK, f"{data['n']} {time.monotonic_ns() - data['sent_ns']}\\n".encode())

def stay():
    for line in sys.stdin:
        frame = json.loads(line)
        if "id" not in frame:
            continue
        if frame["method"] == "deliver":
            note(frame["params"]["event"]["data"])
        result = {"protocol": 1} if frame["method"] == "initialize" else None
        print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)

if __name__ == "__main__":
    stay() if "stay" in sys.argv else note(json.load(sys.stdin))
"""


class Pairs(Workload):
    """One message at a time, from the moment before it is given until the far side holds it.

    The giver sends by `Queue.send`, writes a file of one line with its marker, or writes a line to a program's output;
    the hub is a process of its own and looks for files every 50 ms. The taker is a function in the hub, a program that
    is started for each message, one that stays, or whoever sees the manifest of a new file appear.
    """

    name = "pairs"
    title = "End to end, by the adapters on the way"
    columns = latency_columns("messages")
    contenders = ("crossdock",)
    most_rounds = 3

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        return [Entrant(one.contender, pair) for one in super().entrants(contenders) for pair in PAIRS]

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        way_in, _, way_out = entrant.variant.partition(" → ")
        _prepare(place.directory, way_in, way_out)
        with serving("workloads.pairs:serve", place):
            return run(
                "workloads.pairs:give",
                place.log,
                limit_s=90,
                directory=str(place.directory),
                way_in=way_in,
                way_out=way_out,
                samples=scale.samples // 2,
            )

    def summarise(self, rounds: Sequence[Mapping[str, Any]]) -> Answer:
        """Pool the samples of all rounds."""
        return pooled(rounds, "took_s")


def serve(channel: Channel, *, directory: str) -> Answer:
    """Be the child that is the hub, until it is stopped."""
    from crossdock import Hub  # noqa: PLC0415 - only these children need it

    with Hub(Path(directory) / "crossdock.toml") as hub:
        channel.ready()
        hub.run(stop=channel.stopped)
    return {}


def give(channel: Channel, *, directory: str, way_in: str, way_out: str, samples: int) -> Answer:
    """Be the child that gives a message, sees it arrive, and gives the next."""
    folder = Path(directory)
    arrival = _file_arrived if way_out == FILE else _noted
    channel.ready()
    took = []
    with _giver(folder, way_in) as hand_over:
        for n in range(samples + WARM_UP):
            sent_ns = time.monotonic_ns()
            hand_over({"n": n, "sent_ns": sent_ns})
            took.append(_wait(lambda n=n, sent_ns=sent_ns: arrival(folder, n, sent_ns)) / 1e9)
            time.sleep(GAP_S)
    return {"took_s": took[WARM_UP:]}


def _prepare(folder: Path, way_in: str, way_out: str) -> None:
    for name in ("in/imports", "out/exports"):
        (folder / name).mkdir(parents=True)
    os.mkfifo(folder / "lines")
    program = folder / "far_side.py"
    program.write_text(FAR_SIDE)
    python = [sys.executable, "-S", str(program)]
    entrances: Mapping[str, str | None] = {
        PYTHON: None,
        FILE: 'file = "in/imports", pattern = "*.jsonl", arrival = "done-marker", every = "50ms"',
        LINES: f"process = {json.dumps(['cat', str(folder / 'lines')])}",
    }
    exits = {
        PYTHON: 'python = "far_side:handle"',
        FILE: 'file = "out/exports", format = "json", rows = 1',
        RUN: f'process = {json.dumps(python)}, output = "ignore"',
        RPC: f'process = {json.dumps([*python, "stay"])}, mode = "rpc"',
    }
    lines = ["[store]", f'url = "{url(folder)}"', "[apps.out]", f"outbound = {{ {exits[way_out]} }}"]
    if entrance := entrances[way_in]:
        lines += ["[apps.in]", f"inbound = {{ {entrance} }}", 'next = ["out"]']
    (folder / "crossdock.toml").write_text("\n".join(lines) + "\n")


@contextmanager
def _giver(folder: Path, way_in: str) -> Iterator[Give]:
    """Give what hands a message over."""
    if way_in == PYTHON:
        from crossdock import Queue  # noqa: PLC0415 - only these children need it

        with Queue(url(folder)) as queue:
            yield lambda data: _drop(queue.send("out", data))
    elif way_in == LINES:
        with (folder / "lines").open("w") as pipe:
            yield lambda data: print(json.dumps(data), file=pipe, flush=True)
    else:
        yield lambda data: _write_file(folder / "in" / "imports" / f"order_{data['n']:04}.jsonl", data)


def _write_file(path: Path, data: Mapping[str, int]) -> None:
    path.write_text(json.dumps(data) + "\n")
    path.with_name(f"{path.name}.done").touch()


def _noted(folder: Path, number: int, sent_ns: int) -> int | None:
    """Return what the far side has noted of a message; None: nothing yet."""
    del sent_ns
    book = folder / "arrived"
    lines = book.read_text().splitlines() if book.exists() else []
    return int(lines[number].split()[1]) if len(lines) > number else None


def _file_arrived(folder: Path, number: int, sent_ns: int) -> int | None:
    """Return how long ago a message was sent if its file is there."""
    there = sum(1 for _ in (folder / "out" / "exports").glob("*/*.meta.json"))
    return time.monotonic_ns() - sent_ns if there > number else None


def _wait(look: Callable[[], int | None]) -> int:
    end = time.monotonic() + LIMIT_S
    while (found := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"a message did not arrive within {LIMIT_S:.0f} s")
        time.sleep(LOOK_EVERY_S)
    return found


def _drop(sent: object) -> None:
    del sent
