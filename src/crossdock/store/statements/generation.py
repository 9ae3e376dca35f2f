"""Statements about the generation of the configuration, and the processes that apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parts import number, optional, param
from crossdock.store.tables import crossdock_schema, hub_process

if TYPE_CHECKING:
    from sqlalchemy import Delete, Insert, Select, Update

_P: Final = hub_process.c


def next_generation() -> Update:
    """Raise the generation, and tell it."""
    generation = crossdock_schema.c.generation
    return update(crossdock_schema).values(generation=generation + number(1)).returning(generation)


def generation() -> Select[Any]:
    """Return the generation."""
    return select(crossdock_schema.c.generation)


def report() -> Insert:
    """Note which generation a process has applied; an empty problem is none."""
    row = {
        "pid": param("pid"),
        "host": param("host"),
        "generation": param("generation"),
        "problem": optional("problem"),
        "updated_at": param("now"),
    }
    statement = sqlite_dialect.insert(hub_process).values(owner=param("owner"), **row)
    return statement.on_conflict_do_update(
        index_elements=["owner"], set_={name: statement.excluded[name] for name in row}
    )


def forget_process() -> Delete:
    """Forget a process that has ended."""
    return delete(hub_process).where(_P.owner == param("owner"))


def processes() -> Select[Any]:
    """Return every process that works for apps of a configuration."""
    return select(_P.owner, _P.pid, _P.host, _P.generation, _P.problem).order_by(_P.host, _P.pid)
