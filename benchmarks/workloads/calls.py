"""How long a caller waits for the answer of a program: one that stays, and one that is started for each call."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, run
from benchmarks.contenders.crossdock_queue import url
from benchmarks.workloads.workload import Entrant, Place, Scale, Workload, latency_columns, pooled, serving

if TYPE_CHECKING:
    from benchmarks.channel import Channel

STARTED = "a process per call"
PIPE = "a process that stays"
WITHIN = "rpc, within one process"
ACROSS = "rpc, across processes"
RUN = "run, within one process"
WAYS = {"raw-minimal": (STARTED, PIPE), "crossdock": (WITHIN, ACROSS, RUN)}
TIMEOUT = timedelta(seconds=20)
WARM_UP = 5
ONE_RUN = """\
import json, sys
json.dump({"total": json.load(sys.stdin)["n"] + 1}, sys.stdout)
"""
STAYS = """\
import json, sys
for line in sys.stdin:
    frame = json.loads(line)
    if "id" not in frame:
        continue
    result = {"protocol": 1} if frame["method"] == "initialize" else None
    if frame["method"] == "deliver":
        result = {"total": frame["params"]["event"]["data"]["n"] + 1}
    print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)
"""
CONFIGURATION = """\
[store]
url = "{url}"

[apps.run]
outbound = {{ process = {run}, output = "json" }}

[apps.rpc]
outbound = {{ process = {stays}, mode = "rpc" }}
"""


class Calls(Workload):
    """A caller sends a number and waits for the answer of a Python program, one call after the other.

    Through the hub the request is durable before it is handed over and the answer before it is read: two commits each.
    Without it (the lines of `raw-minimal`) nothing is. `run` and `a process per call` start the program anew each time,
    without `site`.
    """

    name = "calls"
    title = "Request and reply with a program"
    columns = latency_columns("calls")
    contenders = ("raw-minimal", "crossdock")
    most_rounds = 3

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        return [
            Entrant(one.contender, way) for one in super().entrants(contenders) for way in WAYS[one.contender]
        ]

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        write_configuration(place.directory)
        arguments = {"directory": str(place.directory), "samples": 3 * scale.samples}
        if entrant.variant != ACROSS:
            return run("workloads.calls:call", place.log, limit_s=90, way=entrant.variant, **arguments)
        with serving("workloads.calls:serve", place):
            return run("workloads.calls:call", place.log, limit_s=90, way=ACROSS, **arguments)

    def summarise(self, rounds: Sequence[Mapping[str, Any]]) -> Answer:
        """Pool the samples of all rounds."""
        return pooled(rounds, "took_s")


def write_configuration(directory: Path) -> None:
    """Write the programs, and a configuration that names them."""
    for name, text in (("one_run.py", ONE_RUN), ("stays.py", STAYS)):
        (directory / name).write_text(text)
    commands = {"run": _command(directory, "one_run.py"), "stays": _command(directory, "stays.py")}
    texts = {name: json.dumps(command) for name, command in commands.items()}
    (directory / "crossdock.toml").write_text(CONFIGURATION.format(url=url(directory), **texts))


def serve(channel: Channel, *, directory: str) -> Answer:
    """Be the child that is the hub, until it is stopped."""
    from crossdock import Hub  # noqa: PLC0415 - only these children need it

    with Hub(Path(directory) / "crossdock.toml") as hub:
        channel.ready()
        hub.run("rpc", stop=channel.stopped)
    return {}


def call(channel: Channel, *, directory: str, samples: int, way: str) -> Answer:
    """Be the child that calls; the hub runs in it where it is said so."""
    folder = Path(directory)
    channel.ready()
    if way == STARTED:
        took = _timed(lambda n: _start_one(folder, n), samples)
    elif way == PIPE:
        took = _through_pipe(folder, samples)
    else:
        took = asyncio.run(_through_queue(folder, samples, way))
    return {"took_s": took[WARM_UP:]}


def _timed(act: Callable[[int], Any], samples: int) -> list[float]:
    took = []
    for n in range(samples + WARM_UP):
        begin = time.perf_counter()
        _check(act(n), n)
        took.append(time.perf_counter() - begin)
    return took


def _start_one(folder: Path, number: int) -> Any:
    done = subprocess.run(
        _command(folder, "one_run.py"),
        input=json.dumps({"n": number}),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _through_pipe(folder: Path, samples: int) -> list[float]:
    command = _command(folder, "stays.py")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(number: int) -> Any:
            params = {"event": {"data": {"n": number}}}
            print(json.dumps({"id": number, "method": "deliver", "params": params}), file=stdin, flush=True)
            return json.loads(stdout.readline())["result"]

        with closing(stdin):
            return _timed(ask, samples)


async def _through_queue(folder: Path, samples: int, way: str) -> list[float]:
    from crossdock import AsyncQueue, Hub  # noqa: PLC0415 - only these children need it

    app = "run" if way == RUN else "rpc"
    stop = asyncio.Event()
    async with AsyncQueue(url(folder)) as queue:
        hub = Hub(folder / "crossdock.toml")
        serving: Awaitable[None] = _nothing() if way == ACROSS else hub.serve(app, stop=stop)
        task = asyncio.ensure_future(serving)
        took = []
        for n in range(samples + WARM_UP):
            begin = time.perf_counter()
            _check(await queue.call(app, {"n": n}, timeout=TIMEOUT), n)
            took.append(time.perf_counter() - begin)
        stop.set()
        await task
        hub.close()
    return took


async def _nothing() -> None:
    """Serve nothing: another process does."""


def _check(answer: Any, number: int) -> None:
    if answer != {"total": number + 1}:
        raise AssertionError(f"{answer} is no answer to {number}")


def _command(folder: Path, program: str) -> list[str]:
    return [sys.executable, "-S", str(folder / program)]
