"""Programs keep the contracts of adapters, in every mode."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.testing.inbound_contract import InboundContract
from crossdock.testing.outbound_contract import OutboundContract
from tests.adapters.process.case import script
from tests.guarantees import of_road
from tests.whole_lines import whole_lines

TAKE = """
import json, os, sys

def take(event):
    with open("arrived", "a") as file:
        file.write(json.dumps(event) + "\\n")
"""
TAKE_ONE = TAKE + "take(json.load(sys.stdin))\n"
TAKE_MANY = (
    TAKE
    + """
for line in sys.stdin:
    frame = json.loads(line)
    result = {"protocol": 1} if frame["method"] == "initialize" else None
    if frame["method"] == "deliver":
        take(frame["params"]["event"])
    print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)
"""
)
SEND = """
import json, os, select, sys

greeting = json.loads(os.read(0, 65536))
print(json.dumps({"jsonrpc": "2.0", "id": greeting["id"], "result": {"protocol": 1}}), flush=True)
stored = int(open("stored").read()) if os.path.exists("stored") else 0
sent, rest = stored, b""
while True:
    lines = open("given").read().split("\\n")[:-1] if os.path.exists("given") else []
    for number in range(sent, len(lines)):
        params = {"data": json.loads(lines[number])}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": "send", "params": params}) + "\\n")
    sent = len(lines)
    sys.stdout.flush()
    while select.select([0], [], [], 0.02)[0]:
        chunk = os.read(0, 65536)
        *frames, rest = (rest + chunk).split(b"\\n")
        ids = [frame["id"] for frame in map(json.loads, frames) if "result" in frame]
        if ids:
            with open("stored.new", "w") as file:
                file.write(str(ids[-1] + 1))
            os.rename("stored.new", "stored")
        if not chunk:
            sys.exit()
"""
WRITE = """
import json, os, signal, sys, time

ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
while not ending:
    at = int(open("written").read()) if os.path.exists("written") else 0
    lines = open("given").read().split("\\n")[:-1] if os.path.exists("given") else []
    if lines[at:]:
        sys.stdout.write("\\n".join(lines[at:]) + "\\n")
        sys.stdout.flush()
        with open("written.new", "w") as file:
            file.write(str(len(lines)))
        os.rename("written.new", "written")
    time.sleep(0.02)
"""
"""It gives nothing twice, and ends only when it has noted what it has written."""


class Taker:
    """A program that writes down what it is given."""

    carries_attributes = True
    carries_bytes = True

    def __init__(self, folder: Path, mode: str) -> None:
        self._folder = folder
        self._program = folder / "take.py"
        command = script(folder, "take.py", TAKE_ONE if mode == "run" else TAKE_MANY)
        link = folder / "take"
        link.write_text(f"#!/bin/sh\nexec {' '.join(command)}\n")
        link.chmod(0o755)
        self._command = link
        options = {"input": "event"} if mode == "run" else {"mode": "rpc"}
        self.table: Mapping[str, Any] = {"process": ["./take"], **options}
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"process": "./take"}, "expected an array with a program and its arguments"),
            ({"process": ["./take", "{x}"]}, "there is no {x}; there are {id}"),
            ({"process": ["./take"], "mod": "rpc"}, "unknown key; did you mean mode?"),
            ({"process": ["./take"], "mode": "shell"}, 'expected "run" or "rpc", given "shell"'),
            (
                {"process": ["./take"], "exit_codes": {"256": "invalid"}},
                "expected an exit code from 0 to 255",
            ),
            ({"process": ["./take"], "exit_codes": {"x": "invalid"}}, "expected an exit code from 0 to 255"),
            ({"process": ["./take"], "exit_codes": {"1": "bad"}}, 'expected "delivered", "transient", '),
        ]

    def received(self) -> list[Any]:
        return [
            base64.b64decode(event["data_base64"]) if "data_base64" in event else event["data"]
            for event in self.events()
        ]

    def events(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in whole_lines(self._folder / "arrived")]

    def go_away(self) -> bool:
        self._command.rename(self._folder / "away")
        return True

    def come_back(self) -> None:
        (self._folder / "away").rename(self._command)


class TestOutbound(OutboundContract):
    @pytest.fixture(params=[pytest.param(mode, marks=of_road(f"process-{mode}")) for mode in ("run", "rpc")])
    def far_side(self, request: pytest.FixtureRequest, tmp_path: Path) -> Taker:
        return Taker(tmp_path, request.param)


class Giver:
    """A program that gives what it finds in a file, and notes how much of it is stored, or at least written."""

    patience = timedelta(seconds=1.5)

    def __init__(self, folder: Path, mode: str) -> None:
        self._folder = folder
        self._noted, program = ("stored", SEND) if mode == "rpc" else ("written", WRITE)
        self.table: Mapping[str, Any] = {"process": script(folder, "give.py", program), "mode": mode}
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"process": []}, "expected an array with a program and its arguments"),
            (
                {"process": ["cat"], "mode": "rpc", "rejected": "x"},
                "rejected: without effect with mode 'rpc'",
            ),
            ({"process": ["cat"], "evry": "1s"}, "unknown key; did you mean every?"),
        ]

    def give(self, items: Sequence[Any]) -> None:
        with (self._folder / "given").open("a") as file:
            file.writelines(json.dumps(item) + "\n" for item in items)

    def left(self) -> int:
        given = (self._folder / "given").read_text().splitlines()
        noted = self._folder / self._noted
        return len(given) - (int(noted.read_text()) if noted.exists() else 0)


class TestInbound(InboundContract):
    @pytest.fixture(
        params=[pytest.param(mode, marks=of_road(f"process-{mode}")) for mode in ("lines", "rpc")]
    )
    def far_side(self, request: pytest.FixtureRequest, tmp_path: Path) -> Giver:
        return Giver(tmp_path, request.param)
