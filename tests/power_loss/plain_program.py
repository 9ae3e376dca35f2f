"""A program that needs nothing of Crossdock: numbered transactions on one table, in a journal mode of choice.

It exists to prove the layer itself, on modes of which SQLite's documents say whether they survive a power
cut. `table_after(n)` is what the table must hold after the first n transactions: `check` accepts exactly the
states from the last acknowledged to the last begun, so a lost, a half done and an invented change are all
found.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.power_loss.cuts import Cut

TRANSACTIONS = 24
CHECKPOINT_AFTER = 11


def steps_of(number: int) -> list[tuple[str, tuple[object, ...]]]:
    """Return the statements of one transaction; together they touch several pages."""
    steps: list[tuple[str, tuple[object, ...]]] = [
        ("insert into numbered (id, body) values (?, ?)", (number, _body(number)))
    ]
    if number % 3 == 0:
        steps.append(("update numbered set body = ? where id = ?", (_body(number * 10), number - 1)))
    if number % 7 == 0:
        steps.append(("delete from numbered where id = ?", (number - 5,)))
    return steps


def table_after(transactions: int) -> dict[int, str]:
    """Return the table as it is after that many transactions."""
    table: dict[int, str] = {}
    for number in range(1, transactions + 1):
        table[number] = _body(number)
        if number % 3 == 0:
            table[number - 1] = _body(number * 10)
        if number % 7 == 0:
            del table[number - 5]
    return table


def check(cut: Cut, directory: Path) -> str | None:
    """Open what is left and say what is wrong with it, or None."""
    begun = max((number for verb, number in cut.notes if verb == "begin"), default=0)
    done = max((number for verb, number in cut.notes if verb == "done"), default=0)
    connection = sqlite3.connect(directory / "plain.db")
    try:
        verdict = connection.execute("pragma integrity_check").fetchone()[0]
        if verdict != "ok":
            return f"integrity_check: {verdict}"
        exists = connection.execute("select 1 from sqlite_schema where name = 'numbered'").fetchone()
        found = dict(connection.execute("select id, body from numbered")) if exists else {}
    except sqlite3.DatabaseError as error:
        return f"cannot be read: {error}"
    finally:
        connection.close()
    if any(found == table_after(number) for number in range(done, begun + 1)):
        return None
    return f"{done} transactions acknowledged, {begun} begun, found rows {sorted(found)}"


def main(directory: Path, trace: Path, *, journal_mode: str, synchronous: str) -> None:
    """Run the transactions and note each as begun and done."""
    import apsw

    from tests.power_loss.recorder import Recorder
    from tests.power_loss.trace import save

    recorder = Recorder()
    connection = apsw.Connection(str(directory / "plain.db"))
    connection.pragma("journal_mode", journal_mode)
    connection.pragma("synchronous", synchronous)
    connection.execute("create table if not exists numbered (id integer primary key, body text not null)")
    for number in range(1, TRANSACTIONS + 1):
        recorder.note("begin", number)
        with connection:
            for sql, values in steps_of(number):
                connection.execute(sql, values)
        recorder.note("done", number)
        if number == CHECKPOINT_AFTER and journal_mode == "wal":
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    connection.close()
    save(recorder.events, trace)


def _body(number: int) -> str:
    return f"{number} " * (1 + number * 97 % 1500)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), **json.loads(sys.argv[3]))
