"""A store on PostgreSQL: whether the server can be reached, keeps what it promised, and has the same time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from crossdock.cli.doctor.condition import living, messages, running, schema
from crossdock.cli.doctor.finding import Finding, fail, ok, warn
from crossdock.cli.human import count, size
from crossdock.domain.errors import CrossdockError
from crossdock.store.settings import StoreSettings

_SKEW_S: Final = 1.0
_LONG_S: Final = 600.0
_DEAD_SHARE: Final = 2
"""Dead versions of rows beyond so many times the messages are worth a word, above a number that is always fine."""
_DEAD_FEW: Final = 100_000


def store(url: str, settings: StoreSettings) -> Iterator[Finding]:
    """Look into a store, without changing it."""
    from crossdock.store.postgresql.maintenance import holds_store
    from crossdock.store.sqlite import maintenance
    from crossdock.store.tables import SCHEMA_NUMBER

    try:
        if not holds_store(url, settings):
            yield warn("store", "there is none yet in this database", "crossdock init, or send something")
            return
        described = maintenance.info(url, settings=settings)
        problems = maintenance.check(url, settings=settings)
    except CrossdockError as error:
        yield fail("server", str(error), "see that the server runs and takes connections from here")
        return
    yield ok(
        "server",
        f"PostgreSQL {described['postgresql']}" + (", behind a pooler" if described["pooler"] else ""),
    )
    yield from _promises(described)
    yield schema(described, SCHEMA_NUMBER)
    for problem in problems:
        yield fail("tables", problem, "do what it says, or restore a backup of the database")
    yield from _housekeeping(described)
    yield messages(described)
    yield from running(list(living(Path(described["host_folder"]))))


def _promises(described: dict[str, Any]) -> Iterator[Finding]:
    if described["durable"]:
        yield ok("durability", "fsync and synchronous_commit are on")
    else:
        yield warn(
            "durability",
            "fsync or synchronous_commit is off: what was acknowledged can be lost when the server's power fails",
            "set both to on",
        )
    ahead = described["clock_ahead_s"]
    text = f"the server's clock is {abs(ahead):g} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    yield (
        warn("clock", text, "let both take the time from the network")
        if abs(ahead) > _SKEW_S
        else ok("clock", text)
    )


def _housekeeping(described: dict[str, Any]) -> Iterator[Finding]:
    dead, kept = described["dead_rows"], sum(described["messages"].values())
    text = f"{size(described['bytes'])}, {count(dead)} dead versions of rows"
    if dead > max(_DEAD_FEW, _DEAD_SHARE * kept):
        yield warn("vacuum", text, "see that autovacuum runs, and that no transaction stays open")
    else:
        yield ok("vacuum", text)
    if described["oldest_transaction_s"] > _LONG_S:
        yield warn(
            "transactions",
            f"one has been open for {described['oldest_transaction_s']:.0f} s; nothing dead can be removed meanwhile",
            "find it in pg_stat_activity, and end it",
        )
