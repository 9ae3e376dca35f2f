"""Statements about data that lies outside its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, delete, exists, or_, select, union_all
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parts import LIMIT, T, number, param
from crossdock.store.tables import data_archive, data_staging, payload

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, CompoundSelect, Delete, Insert, Select

_P: Final = payload.c
_A: Final = data_archive.c
THIS: Final = _P.checksum == param("checksum")


def _needed() -> ColumnElement[bool]:
    """Tell whether a row has it; what is said of NULL lets the partial indexes be used."""
    return or_(
        exists().select_from(data_staging).where(T.payload == _P.checksum, T.payload.is_not(None)),
        exists().select_from(data_archive).where(_A.payload == _P.checksum, _A.payload.is_not(None)),
    )


def insert_payload() -> Insert:
    """Store a payload; no row: it is there already."""
    row = {"checksum": param("checksum"), "data": param("data"), "created_at": param("now")}
    statement = sqlite_dialect.insert(payload).values(row)
    return statement.on_conflict_do_nothing(index_elements=["checksum"]).returning(_P.checksum)


def hold_payload() -> Select[Any]:
    """Find a payload, and keep it until the transaction ends."""
    return select(_P.checksum).where(THIS)


def seize_payload() -> Select[Any]:
    """Find a payload that is to be removed; no row: another transaction is about to need it."""
    return select(_P.checksum).where(THIS)


def drop_payload() -> Delete:
    """Remove a payload that no row has."""
    return delete(payload).where(THIS, ~_needed())


def dangling() -> CompoundSelect[Any]:
    """Return messages whose payload is not there: (app, message id, checksum)."""
    lost = [
        select(row.target_app, row.message_id, row.payload).where(
            row.payload.is_not(None), ~exists().where(_P.checksum == row.payload)
        )
        for row in (T, _A)
    ]
    return union_all(*lost)


def payload_data() -> Select[Any]:
    """Return a payload."""
    return select(_P.data).where(THIS)


def payload_of_row() -> Select[Any]:
    """Return the name of what a row has outside."""
    return select(T.payload).where(T.id == param("row_id"))


def payloads_behind() -> Select[Any]:
    """Return payloads behind a given one, in order: (checksum, has any row it); indexes alone."""
    needed = case((_needed(), number(1)), else_=number(0))
    return (
        select(_P.checksum, needed)
        .where(_P.checksum > param("after"))
        .order_by(_P.checksum)
        .suffix_with(LIMIT)
    )
