"""When the process of an adapter is killed, nothing that it has started stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.adapters.process.case import WITHIN_S, lives, number_in

HUB = """
import asyncio, sys
from pathlib import Path
from tests.adapters.process.case import connected, delivered, inbound, listening, message, outbound

CHILD = '''
import json, sys
greeting = json.loads(sys.stdin.readline())
print(json.dumps({"jsonrpc": "2.0", "id": greeting["id"], "result": {"protocol": 1}}), flush=True)
'''
BLOCKS = '''
import os, signal, subprocess, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        name = "left"
    else:
        name = "child"
else:
    name = "main"
with open(name, "w") as file:
    file.write(f"{os.getpid()}\\\\n")
time.sleep(1000)
'''

async def main(way, folder):
    program = folder / "program.py"
    program.write_text((CHILD if "rpc" in way else "") + BLOCKS)
    command = [sys.executable, str(program)]
    if way.startswith("in"):
        async with listening(inbound(folder, process=command, mode="rpc" if "rpc" in way else "lines")) as adapter:
            await adapter.receive()
    else:
        async with connected(outbound(folder, process=command, mode="rpc" if "rpc" in way else "run")) as adapter:
            await delivered(adapter, message({}))

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.mark.parametrize("way", ["out run", "out rpc", "in lines", "in rpc"])
def test_nothing_outlives_a_killed_process(tmp_path: Path, way: str) -> None:
    (tmp_path / "hub.py").write_text(HUB)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    hub = subprocess.Popen([sys.executable, tmp_path / "hub.py", way, tmp_path], env=environment)
    pids = [_await_pid(tmp_path / name) for name in ("main", "child", "left")]
    assert all(lives(pid) for pid in pids)
    hub.send_signal(signal.SIGKILL)
    hub.wait()
    deadline = time.monotonic() + WITHIN_S
    while left := [pid for pid in pids if lives(pid)]:
        assert time.monotonic() < deadline, f"{left} of {pids} still run"
        time.sleep(0.01)


def _await_pid(path: Path) -> int:
    deadline = time.monotonic() + WITHIN_S
    while (pid := number_in(path)) is None:
        assert time.monotonic() < deadline, f"no {path}"
        time.sleep(0.01)
    return pid
