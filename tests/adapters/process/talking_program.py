"""A program that speaks frames, and does what the data of its messages says. A child: it ends as ``WAY`` says."""

# ruff: noqa: T201, PTH123 - a program for itself

from __future__ import annotations

import json
import os
import signal
import sys
import time

greeting = json.loads(os.environ.get("GREETING", '{"protocol": 1}'))
way = os.environ.get("WAY", "")
held: list[object] = []


def tell(frame: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **frame}) + "\n")
    sys.stdout.flush()


if way == "says much":
    for number in range(200):
        print("said", number, file=sys.stderr)
    sys.stderr.flush()
if way == "exits at once":
    sys.exit("no licence")
if way == "stays":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    frame = json.loads(line)
    with open("frames", "a") as file:
        file.write(line)
    number, params = frame.get("id"), frame["params"]
    if frame["method"] == "initialize":
        if way == "does not answer":
            time.sleep(1000)
        tell({"id": number, "result": greeting})
        with open(f"child.{os.getpid()}", "w") as file:
            file.write(f"{os.getpid()}\n")
        continue
    if frame["method"] == "shutdown":
        if way != "stays":
            break
        continue
    data = params["event"]["data"]
    match data.get("do"):
        case "fail":
            tell({"id": number, "error": data["error"]})
        case "exit":
            print("out of cheese", file=sys.stderr)
            sys.stderr.flush()
            os._exit(data["code"])
        case "hang":
            print("hanging", file=sys.stderr, flush=True)
            time.sleep(1000)
        case "write":
            sys.stdout.write(data["text"])
            sys.stdout.flush()
        case "close":
            os.close(1)
            time.sleep(1000)
        case "ask":
            tell({"id": "mine", "method": "whatever", "params": {}})
            tell({"method": "log", "params": {"text": "hello"}})
            said = json.loads(sys.stdin.readline())
            tell({"id": number, "result": said})
        case "hold":
            held.append(number)
            if len(held) == data["count"]:
                while held:
                    tell({"id": held.pop(), "result": {"pid": os.getpid()}})
        case _:
            tell({"id": number, "result": {"pid": os.getpid(), **data}})
if way == "stays":
    time.sleep(1000)
