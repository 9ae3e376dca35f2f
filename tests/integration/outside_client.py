"""A program of somebody else: the standard library's SQLite only, nothing of Crossdock. Run as a script.

``outside_client.py DB send APP COUNT [KEY]``: sends with the INSERT of three columns (four with a key).
``outside_client.py DB consume APP COUNT STATEMENTS``: consumes with the two statements in a JSON file.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE_S = 30.0
LEASE = {"worker": "script", "lease_seconds": 5}


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says; print what came of it as JSON."""
    path, verb, app, count, *rest = arguments
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        if verb == "send":
            outcome = send(connection, app, int(count), rest[0] if rest else None)
        else:
            outcome = consume(connection, app, int(count), json.loads(Path(rest[0]).read_text()))
    sys.stdout.write(json.dumps(outcome))


def send(connection: sqlite3.Connection, app: str, count: int, key: str | None) -> list[int]:
    """Send, each message in a transaction of its own; return the row ids."""
    columns = ["source_app", "target_app", "data"] + (["partition_key"] if key else [])
    statement = f"INSERT INTO data_staging ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    row_ids = []
    for number in range(count):
        values = ["stranger", app, json.dumps({"number": number})] + ([key] if key else [])
        row_ids.append(connection.execute(statement, values).lastrowid or 0)
    return row_ids


def consume(connection: sqlite3.Connection, app: str, count: int, published: dict[str, str]) -> list[object]:
    """Claim and complete so many messages; return their data, in the order in which they came."""
    seen: list[object] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < count and time.monotonic() < deadline:
        row = connection.execute(published["claim"], {"app": app, **LEASE}).fetchall()
        if not row:
            time.sleep(0.02)
            continue
        ((row_id, _message_id, data, lease_token, data_bytes),) = row
        done = connection.execute(published["complete"], {"id": row_id, "lease_token": lease_token})
        value = data_bytes if data_bytes is not None and data == "null" else json.loads(data_bytes or data)
        seen += [value] if done.rowcount == 1 else []
    return seen


if __name__ == "__main__":
    main(sys.argv[1:])
