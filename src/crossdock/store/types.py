"""Column types and database-side defaults that differ between dialects."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, DateTime, Integer, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

_second = (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01 00:00:00")
"""A second and its text."""
RowId: Final = BigInteger().with_variant(Integer(), "sqlite")

TIMESTAMP_GLOB: Final = (
    "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]."
    "[0-9][0-9][0-9][0-9][0-9][0-9]"
)


def to_text(moment: datetime) -> str:
    """Return an aware UTC instant as SQLite holds it: ``YYYY-MM-DD HH:MM:SS.ffffff``."""
    global _second  # noqa: PLW0603 - one tuple, set at once
    began, text = _second
    passed = moment - began
    if passed.days or passed.seconds:  # most instants are of the same second as the last
        began = moment.replace(microsecond=0)
        text = began.isoformat(" ")[:19]
        _second = began, text
        passed = moment - began
    return f"{text}.{passed.microseconds:06d}"


def from_text(text: str) -> datetime:
    """Return the aware UTC instant that ``to_text`` wrote.

    Raises:
        ValueError: Not of that form.
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class UtcTimestamp(TypeDecorator[datetime]):
    """An aware UTC instant: sorted text on SQLite, ``timestamptz`` elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of a dialect."""
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write an aware datetime of any zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone; pass an aware datetime")
        value = value.astimezone(UTC)
        return to_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature
        """Read it as aware UTC."""
        return from_text(value) if isinstance(value, str) else value


class JsonValue(TypeDecorator[Any]):
    """A JSON value: text on SQLite, ``json`` elsewhere, which keeps the text as it was written.

    Not SQLAlchemy's ``JSON``: a column declared JSON has numeric affinity on SQLite, which would turn the
    text of a large number into a float. Source: sqlite.org, "Datatypes In SQLite", section 3.1.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of a dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(self._elsewhere())

    def _elsewhere(self) -> TypeEngine[Any]:
        from sqlalchemy.dialects.postgresql import JSON  # noqa: PLC0415 - slow to import, seldom needed

        return JSON()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write any JSON value; None is SQL NULL."""
        return json.dumps(value, allow_nan=False) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read it."""
        return json.loads(value) if isinstance(value, str) and dialect.name == "sqlite" else value


class JsonData(JsonValue):
    """The data of a message: text on SQLite, ``jsonb`` elsewhere, which other programs can search and index."""

    cache_ok = True

    def _elsewhere(self) -> TypeEngine[Any]:
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - slow to import, seldom needed

        return JSONB()


class utc_now(FunctionElement[datetime]):  # noqa: N801 - SQL functions are written in lower case
    """The present, by the database's clock."""

    type = UtcTimestamp()
    inherit_cache = True


class random_uuid(FunctionElement[str]):  # noqa: N801 - SQL functions are written in lower case
    """A random UUID (version 4), made by the database."""

    type = String()
    inherit_cache = True


@compiles(utc_now, "sqlite")
def _utc_now_sqlite(_: utc_now, __: SQLCompiler, **___: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"


@compiles(utc_now, "postgresql")
def _utc_now_postgresql(_: utc_now, __: SQLCompiler, **___: Any) -> str:
    return "now()"


@compiles(random_uuid, "postgresql")
def _random_uuid_postgresql(_: random_uuid, __: SQLCompiler, **___: Any) -> str:
    return "CAST(gen_random_uuid() AS TEXT)"


@compiles(random_uuid, "sqlite")
def _random_uuid_sqlite(_: random_uuid, __: SQLCompiler, **___: Any) -> str:
    parts = (
        "lower(hex(randomblob(4)))",
        "'-'",
        "lower(hex(randomblob(2)))",
        "'-4'",
        "substr(lower(hex(randomblob(2))), 2)",
        "'-'",
        "substr('89ab', 1 + abs(random() % 4), 1)",
        "substr(lower(hex(randomblob(2))), 2)",
        "'-'",
        "lower(hex(randomblob(6)))",
    )
    return f"({' || '.join(parts)})"
