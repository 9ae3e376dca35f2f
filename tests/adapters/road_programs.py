"""The far sides of roads that are programs: what they are given and what they give, each a text to write to a file.

What takes messages notes the start and the end of each in a history of the crash tests. Its process is the worker's: a
program that runs for a worker dies with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_TAKES_S: Final = 0.02
"""So that a kill often meets a delivery."""
_NOTE: Final = f"""\
import json, os, pathlib, sys, time
sys.path.insert(0, {str(_REPOSITORY)!r})
from tests.crash.history import Kind, Recorder

HISTORY = Recorder(pathlib.Path(__file__).with_suffix(".history"))

def parent(pid):
    found = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[1])
    if found == 1:  # the worker was killed before its program began: the next moment kills this one
        sys.exit(1)
    return found

def take(data, worker):
    sighting = {{"message_id": data["n"], "app": "out", "key": data["key"], "pid": worker}}
    sighting["note"] = f"{{os.getpid()}}-{{time.monotonic_ns() % 10**15}}"
    HISTORY.saw(Kind.STARTED, **sighting)
    time.sleep({_TAKES_S})
    HISTORY.saw(Kind.ENDED, **sighting)
"""
FUNCTION: Final = f"""{_NOTE}
def deliver(message):
    take(message.data, os.getpid())
"""
ONE_RUN: Final = f"""{_NOTE}
take(json.load(sys.stdin), parent(os.getppid()))
"""
STAYS: Final = f"""{_NOTE}
worker = parent(os.getppid())
for line in sys.stdin:
    frame = json.loads(line)
    if "id" not in frame:
        continue
    result = {{"protocol": 1}} if frame["method"] == "initialize" else None
    if frame["method"] == "deliver":
        take(frame["params"]["event"]["data"], worker)
    print(json.dumps({{"jsonrpc": "2.0", "id": frame["id"], "result": result}}), flush=True)
"""

_EVENT: Final = """\
import json, os, pathlib, select, sys, time
folder = pathlib.Path(__file__).parent

def event(line):
    data = json.loads(line)
    return {"specversion": "1.0", "id": "n-" + data["n"], "source": "giver", "type": "given", "data": data,
        "partitionkey": data["key"]}

def given(done):
    text = (folder / "given").read_text() if (folder / "given").exists() else ""
    return text[: text.rfind("\\n") + 1].splitlines()[done:]
"""
WRITES_LINES: Final = f"""{_EVENT}
done = 0
while True:
    lines = given(done)
    sys.stdout.write("".join(json.dumps(event(line)) + "\\n" for line in lines))
    sys.stdout.flush()
    done += len(lines)
    time.sleep(0.02)
"""
"""It begins anew whenever it is started: the ids tell Crossdock what it has."""
SENDS_FRAMES: Final = f"""{_EVENT}
greeting = json.loads(os.read(0, 65536))
print(json.dumps({{"jsonrpc": "2.0", "id": greeting["id"], "result": {{"protocol": 1}}}}), flush=True)
stored = int((folder / "stored").read_text()) if (folder / "stored").exists() else 0
sent, rest = stored, b""
while True:
    for line in given(sent):
        frame = {{"jsonrpc": "2.0", "id": sent, "method": "send", "params": {{"event": event(line)}}}}
        sys.stdout.write(json.dumps(frame) + "\\n")
        sent += 1
    sys.stdout.flush()
    while select.select([0], [], [], 0.02)[0]:
        chunk = os.read(0, 65536)
        *frames, rest = (rest + chunk).split(b"\\n")
        ids = [frame["id"] for frame in map(json.loads, frames) if "result" in frame]
        if ids:
            (folder / "stored.new").write_text(str(ids[-1] + 1))
            (folder / "stored.new").rename(folder / "stored")
        if not chunk:
            sys.exit()
"""
"""It begins where it was told last that all is stored."""
