"""Statements about exporters: their objects, states and runs, and what they set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, null, or_, select, text, true, tuple_, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.exporter_tables import (
    exporter,
    exporter_object,
    exporter_run,
    exporter_set_aside,
    exporter_state,
)
from crossdock.store.statements.parameters import Instant
from crossdock.store.statements.parts import LIMIT, literal, number, param, text_rows
from crossdock.store.types import UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Delete, Insert, Select, Update

_E: Final = exporter.c
_O: Final = exporter_object.c
_S: Final = exporter_state.c
_R: Final = exporter_run.c
_A: Final = exporter_set_aside.c
_TOLD: Final = ("exporter", "kind", "object_id", "scope", "data", "digest", "changed_at")
RUN_COLUMNS: Final = (
    _R.id, _R.exporter, _R.is_full, _R.started_at, _R.ended_at, _R.outcome, _R.counts, _R.remarks, _R.error_code,
    _R.error,
)  # fmt: skip
"""What is known of a run, in the order that ``store.exports_reading`` reads."""
_BEYOND: Final = text("LIMIT 1 OFFSET (:keep + 0)").bindparams(param("keep"))
EXPORTER_COLUMNS: Final = (_E.name, _E.kinds, _E.every_s, _E.pulls, _E.revision, _E.fetched_at)
OBJECT_COLUMNS: Final = (_O.kind, _O.object_id, _O.scope, _O.data, _O.changed_at, _O.gone_at)


def declare_exporter(*, with_every: bool) -> Insert:
    """Note an exporter, its kinds, and how often it is to run."""
    row = {"kinds": param("kinds"), **({"every_s": param("every_s")} if with_every else {})}
    statement = sqlite_dialect.insert(exporter).values(name=param("exporter"), **row)
    return statement.on_conflict_do_update(
        index_elements=["name"], set_={name: statement.excluded[name] for name in row}
    )


def exporters() -> Select[Any]:
    """Return every exporter, by name."""
    return select(*EXPORTER_COLUMNS).order_by(_E.name)


def exporter_by_name() -> Select[Any]:
    """Return one exporter."""
    return select(*EXPORTER_COLUMNS).where(_E.name == param("exporter"))


def revision_of_all() -> Select[Any]:
    """Return a number that grows whenever an object of any exporter changes."""
    return select(func.coalesce(func.sum(_E.revision), number(0)))


def advance() -> Update:
    """Count a pull, if none was stored since; whoever does is alone with the exporter until the end."""
    return (
        update(exporter)
        .where(_E.name == param("exporter"), _E.pulls == param("seen"))
        .values(pulls=_E.pulls + number(1))
        .returning(_E.pulls)
    )


def note_changes() -> Update:
    """Let it be seen that objects have changed."""
    return update(exporter).where(_E.name == param("exporter")).values(revision=_E.revision + number(1))


def note_success() -> Update:
    """Note since when everything is known."""
    return update(exporter).where(_E.name == param("exporter")).values(fetched_at=param("since"))


def held_objects() -> Select[Any]:
    """Return what is stored of the objects whose kinds and ids are ``rows``."""
    told = text_rows(2)
    return select(_O.kind, _O.object_id, _O.scope, _O.digest, _O.gone_at).where(
        _O.exporter == param("exporter"), _told(_O.kind, _O.object_id, told)
    )


def present_objects() -> Select[Any]:
    """Return the objects of the scopes of ``rows`` that are not gone."""
    told = text_rows(1)
    return select(_O.kind, _O.object_id, _O.scope).where(
        _O.exporter == param("exporter"), _O.scope.in_(select(told.c.c0)), _O.gone_at.is_(None)
    )


def put_objects() -> Insert:
    """Store the objects of ``rows``: kind, id, data, digest."""
    told = text_rows(4)
    found = select(
        param("exporter"), told.c.c0, told.c.c1, param("scope"), told.c.c2, told.c.c3, param("now")
    ).where(true())  # SQLite would else take ON CONFLICT for a part of a join
    statement = sqlite_dialect.insert(exporter_object).from_select(list(_TOLD), found, include_defaults=False)
    return statement.on_conflict_do_update(
        index_elements=["exporter", "kind", "object_id"],
        set_={
            **{name: statement.excluded[name] for name in ("scope", "data", "digest", "changed_at")},
            "gone_at": null(),
        },
    )


def move_objects() -> Update:
    """Put the objects whose kinds and ids are ``rows`` under another scope."""
    return (
        update(exporter_object)
        .where(_O.exporter == param("exporter"), _told(_O.kind, _O.object_id, text_rows(2)))
        .values(scope=param("scope"))
    )


def lose_objects() -> Update:
    """Note that the objects whose kinds and ids are ``rows`` are gone."""
    return (
        update(exporter_object)
        .where(_O.exporter == param("exporter"), _told(_O.kind, _O.object_id, text_rows(2)))
        .values(gone_at=param("now"), changed_at=param("now"))
    )


def forget_gone() -> Delete:
    """Remove what is gone for long."""
    return delete(exporter_object).where(_O.exporter == param("exporter"), _O.gone_at < param("before"))


def put_state(*, whole: bool) -> Insert:
    """Note from where to go on in a scope."""
    row = {
        "state": param("state"),
        "pulled_at": param("now"),
        **({"whole_at": param("now")} if whole else {}),
    }
    statement = sqlite_dialect.insert(exporter_state).values(
        exporter=param("exporter"), scope=param("scope"), **row
    )
    return statement.on_conflict_do_update(
        index_elements=["exporter", "scope"], set_={name: statement.excluded[name] for name in row}
    )


def end_states() -> Delete:
    """Forget the scopes of ``rows``."""
    told = text_rows(1)
    return delete(exporter_state).where(_S.exporter == param("exporter"), _S.scope.in_(select(told.c.c0)))


def exporter_states() -> Select[Any]:
    """Return the states of an exporter, by scope."""
    return (
        select(_S.scope, _S.state, _S.pulled_at, _S.whole_at)
        .where(_S.exporter == param("exporter"))
        .order_by(_S.scope)
    )


def set_aside_keys() -> Select[Any]:
    """Return what is set aside in a scope: kinds and names."""
    return select(_A.kind, _A.name).where(_A.exporter == param("exporter"), _A.scope == param("scope"))


def put_aside() -> Insert:
    """Set aside the objects of ``rows``: kind, name, id, reason, data; one that was already, was since then."""
    told = text_rows(5)
    found = select(
        param("exporter"), param("scope"), told.c.c0, told.c.c1, told.c.c2, told.c.c3, told.c.c4, param("now")
    ).where(true())
    names = ["exporter", "scope", "kind", "name", "object_id", "reason", "data", "since"]
    statement = sqlite_dialect.insert(exporter_set_aside).from_select(names, found, include_defaults=False)
    return statement.on_conflict_do_update(
        index_elements=["exporter", "scope", "kind", "name"],
        set_={name: statement.excluded[name] for name in ("reason", "data")},
    )


def drop_aside() -> Delete:
    """Forget what is set aside in a scope under the kinds and names of ``rows``."""
    return delete(exporter_set_aside).where(
        _A.exporter == param("exporter"), _A.scope == param("scope"), _told(_A.kind, _A.name, text_rows(2))
    )


def end_aside() -> Delete:
    """Forget what is set aside in the scopes of ``rows``."""
    told = text_rows(1)
    return delete(exporter_set_aside).where(_A.exporter == param("exporter"), _A.scope.in_(select(told.c.c0)))


def all_aside() -> Select[Any]:
    """Return what is set aside, the newest first."""
    return (
        select(_A.scope, _A.kind, _A.object_id, _A.reason, _A.data, _A.since)
        .where(_A.exporter == param("exporter"))
        .order_by(_A.since.desc(), _A.kind, _A.name)
        .suffix_with(LIMIT)
    )


def count_aside() -> Select[Any]:
    """Count what is set aside."""
    return select(func.count()).where(_A.exporter == param("exporter"))


def count_objects() -> Select[Any]:
    """Count the objects that are not gone, by kind."""
    return (
        select(_O.kind, func.count())
        .where(_O.exporter == param("exporter"), _O.gone_at.is_(None))
        .group_by(_O.kind)
    )


def all_objects() -> Select[Any]:
    """Return everything that is not gone: kind, id, data."""
    return select(_O.kind, _O.object_id, _O.data).where(
        _O.exporter == param("exporter"), _O.gone_at.is_(None)
    )


def one_object() -> Select[Any]:
    """Return one object."""
    return select(*OBJECT_COLUMNS).where(
        _O.exporter == param("exporter"), _O.kind == param("kind"), _O.object_id == param("which")
    )


def objects_page(*, since: bool, after: bool, gone: bool) -> Select[Any]:
    """Return the next objects of a kind, in the order of their changes."""
    chosen = [_O.exporter == param("exporter"), _O.kind == param("kind")]
    if since:
        chosen.append(_O.changed_at >= param("since"))
    if after:
        behind = and_(_O.changed_at == param("at"), _O.object_id > param("which"))
        chosen += [_O.changed_at >= param("at"), or_(_O.changed_at > param("at"), behind)]
    if not gone:
        chosen.append(_O.gone_at.is_(None))
    return select(*OBJECT_COLUMNS).where(*chosen).order_by(_O.changed_at, _O.object_id).suffix_with(LIMIT)


def begin_run() -> Insert:
    """Note that a run begins; return its id."""
    return (
        sqlite_dialect.insert(exporter_run)
        .values(exporter=param("exporter"), is_full=param("is_full"), started_at=param("now"))
        .returning(_R.id)
    )


def abandon_runs() -> Update:
    """Note that earlier runs of an exporter came to no end."""
    return (
        update(exporter_run)
        .where(_R.exporter == param("exporter"), _R.outcome == literal("running"))
        .values(outcome=literal("abandoned"))
    )


def write_run(columns: Sequence[str]) -> Update:
    """Write how far a run is."""
    values = {
        name: Instant("now") if isinstance(_R[name].type, UtcTimestamp) else param(name) for name in columns
    }
    return update(exporter_run).where(_R.id == param("run")).values(values)


def forget_runs() -> Delete:
    """Remove all but the newest runs of an exporter."""
    oldest = (
        select(_R.id)
        .where(_R.exporter == param("exporter"))
        .order_by(_R.id.desc())
        .suffix_with(_BEYOND)
        .scalar_subquery()
    )
    return delete(exporter_run).where(_R.exporter == param("exporter"), _R.id <= oldest)


def runs() -> Select[Any]:
    """Return the newest runs of an exporter, the newest first."""
    return (
        select(*RUN_COLUMNS).where(_R.exporter == param("exporter")).order_by(_R.id.desc()).suffix_with(LIMIT)
    )


def _told(kind: ColumnElement[Any], name: ColumnElement[Any], told: Any) -> ColumnElement[bool]:
    return tuple_(kind, name).in_(select(told.c.c0, told.c.c1))
