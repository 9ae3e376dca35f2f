"""A console program that knows nothing of Crossdock: it says where an order's goods lie, and what they weigh.

enricher.py                  one order in JSON from standard input to standard output
enricher.py --rpc            stays, and is handed orders in JSON-RPC frames, one in a line
enricher.py --files IN OUT   stays, and takes files of orders from one folder to another
enricher.py --http PORT      stays, and answers orders that are posted to this machine's port
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GOODS = {"tea": ("A-1", 0.1), "coffee": ("A-2", 0.5), "mug": ("C-7", 0.4), "kettle": ("C-9", 1.3)}


def enrich(order: dict[str, Any], way: str) -> dict[str, Any]:
    """Return the order with what the warehouse needs to know, and by which way it came."""
    shelf, weight = GOODS[order["item"]]
    return {**order, "shelf": shelf, "weight": round(weight * order["quantity"], 1), "enriched_by": way}


def answer_frames() -> None:
    """Answer each frame on standard input until it ends."""
    for line in sys.stdin:
        frame = json.loads(line)
        if frame["method"] == "shutdown":
            break
        if frame["method"] == "deliver":
            result = enrich(frame["params"]["event"]["data"], "process")
        else:
            result = {"protocol": 1}
        print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)


def follow_files(inbox: Path, outbox: Path) -> None:
    """Take each file whose manifest is there, for ever."""
    outbox.mkdir(parents=True, exist_ok=True)
    while True:
        for manifest in sorted(inbox.rglob("[!.]*.meta.json")):
            source = manifest.with_name(json.loads(manifest.read_text())["filename"])
            enrich_file(source, outbox / source.name)
            manifest.unlink()
            source.unlink()
        time.sleep(0.1)


def enrich_file(source: Path, target: Path) -> None:
    """Write a file and then its marker. After a kill the same file is made again, as old as before: a duplicate."""
    orders = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    part = target.with_name(f".{target.name}.part")
    part.write_text("".join(json.dumps(enrich(order, "files")) + "\n" for order in orders), encoding="utf-8")
    os.utime(part, ns=(0, source.stat().st_mtime_ns))
    part.replace(target)
    target.with_name(f"{target.name}.done").touch()


class Door(BaseHTTPRequestHandler):
    """Answers an order that is posted."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Answer with the order and what the warehouse needs to know."""
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
        answer = json.dumps(enrich(order, "webhook")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--files", inbox, outbox]:
            follow_files(Path(inbox), Path(outbox))
        case ["--http", port]:
            ThreadingHTTPServer(("127.0.0.1", int(port)), Door).serve_forever()
        case ["--rpc"]:
            answer_frames()
        case _:
            print(json.dumps(enrich(json.load(sys.stdin), "runs")))
