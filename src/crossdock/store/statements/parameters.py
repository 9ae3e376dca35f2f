"""What is written differently for each database: instants, lists, what may be absent, what only checks, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer, NullType

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

NULL_TYPE: Final = NullType()
INSTANTS: Final = frozenset({
    "now", "until", "at", "before", "since", "time", "available_at", "expires_at", "created_at", "updated_at",
    "rate_next_at",
})  # fmt: skip
"""Parameters that hold the text of an instant (``crossdock.store.types.to_text``)."""


class Instant(BindParameter[Any]):
    """The text of an instant; PostgreSQL is told that it is UTC, whatever the session's time zone."""

    inherit_cache = True

    def __init__(self, name: str) -> None:
        super().__init__(name, type_=NULL_TYPE)


class Optional(ColumnElement[Any]):
    """A parameter whose empty text stands for NULL; no parameter is ever None (see ``parts``)."""

    inherit_cache = False

    def __init__(self, given: BindParameter[Any], kind: str) -> None:
        self.given = given
        self.kind = kind
        self.type = NULL_TYPE


class Listed(ColumnElement[Any]):
    """Tells whether a column's value is in a JSON array of numbers."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], numbers: BindParameter[Any]) -> None:
        self.column = column
        self.numbers = numbers
        self.type = NULL_TYPE


class InstantOf(ColumnElement[Any]):
    """The instant that a JSON object of texts holds under a number; NULL, if it holds none."""

    inherit_cache = False

    def __init__(self, number: ColumnElement[Any], instants: BindParameter[Any]) -> None:
        self.number = number
        self.instants = instants
        self.type = NULL_TYPE


class TextRows(FunctionElement[Any]):
    """A JSON array of arrays of texts, as rows with the columns ``c0``, ``c1`` and so on.

    Use it as ``TextRows(param, width).table_valued(*names)``, or ``text_rows`` in ``parts``, which does.
    """

    inherit_cache = False

    def __init__(self, rows: BindParameter[Any], width: int) -> None:
        super().__init__(rows)
        self.rows = rows
        self.width = width


class Checked(ColumnElement[Any]):
    """A condition that rows are checked by, once they are found; PostgreSQL is not to look for them by it.

    It would: it trusts its statistics, by which the index of the few rows that are processing is as good as empty, and
    reads all that was processing since it was last vacuumed.
    """

    inherit_cache = False

    def __init__(self, condition: ColumnElement[bool]) -> None:
        self.condition = condition
        self.type = condition.type


class JsonOf(ColumnElement[Any]):
    """The JSON whose text a JSON object of texts holds under a number."""

    inherit_cache = False

    def __init__(self, number: ColumnElement[Any], texts: BindParameter[Any]) -> None:
        self.number = number
        self.texts = texts
        self.type = NULL_TYPE


class DataSize(ColumnElement[Any]):
    """How many bytes the JSON in a column has, as text."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = Integer()


@compiles(Instant, "postgresql")
def _instant(element: Instant, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.visit_bindparam(element, **options)  # type: ignore[no-untyped-call]
    return f"CAST(CAST({text} AS TEXT) || '+00' AS TIMESTAMPTZ)"


@compiles(Optional)
def _optional(element: Optional, compiler: SQLCompiler, **options: Any) -> str:
    return f"nullif({compiler.process(element.given, **options)}, '')"


@compiles(Optional, "postgresql")
def _optional_of_kind(element: Optional, compiler: SQLCompiler, **options: Any) -> str:
    zone = " || '+00'" if element.kind == "TIMESTAMPTZ" else ""
    text = f"nullif(CAST({compiler.process(element.given, **options)} AS TEXT), '')"
    return f"CAST({text}{zone} AS {element.kind})"


@compiles(Listed)
def _listed(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    numbers = compiler.process(element.numbers, **options)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - made of SQLAlchemy's own parts


@compiles(Listed, "postgresql")
def _listed_in_array(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    numbers = compiler.process(element.numbers, **options)
    return f"{column} = ANY (CAST(translate({numbers}, '[]', '{{}}') AS BIGINT[]))"


@compiles(TextRows)
def _text_rows(element: TextRows, compiler: SQLCompiler, **options: Any) -> str:
    columns = ", ".join(f"json_extract(value, '$[{place}]') AS c{place}" for place in range(element.width))
    rows = compiler.process(element.rows, **options)
    return f"(SELECT {columns} FROM json_each({rows}))"  # noqa: S608 - made of SQLAlchemy's own parts


@compiles(TextRows, "postgresql")
def _text_rows_of_array(element: TextRows, compiler: SQLCompiler, **options: Any) -> str:
    columns = ", ".join(f"e ->> {place} AS c{place}" for place in range(element.width))
    rows = compiler.process(element.rows, **options)
    return f"(SELECT {columns} FROM json_array_elements(CAST({rows} AS JSON)) AS e)"  # noqa: S608 - likewise


@compiles(Checked)
def _checked(element: Checked, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.condition, **options)


@compiles(Checked, "postgresql")
def _checked_unseen(element: Checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"coalesce({compiler.process(element.condition, **options)}, false)"


@compiles(InstantOf)
def _instant_of(element: InstantOf, compiler: SQLCompiler, **options: Any) -> str:
    instants, number = (compiler.process(one, **options) for one in (element.instants, element.number))
    return f"json_extract({instants}, '$.\"' || {number} || '\"')"


@compiles(InstantOf, "postgresql")
def _instant_of_object(element: InstantOf, compiler: SQLCompiler, **options: Any) -> str:
    instants, number = (compiler.process(one, **options) for one in (element.instants, element.number))
    return f"CAST((CAST({instants} AS JSONB) ->> CAST({number} AS TEXT)) || '+00' AS TIMESTAMPTZ)"


@compiles(JsonOf)
def _json_of(element: JsonOf, compiler: SQLCompiler, **options: Any) -> str:
    texts, number = (compiler.process(one, **options) for one in (element.texts, element.number))
    return f"json_extract({texts}, '$.\"' || {number} || '\"')"


@compiles(JsonOf, "postgresql")
def _json_of_object(element: JsonOf, compiler: SQLCompiler, **options: Any) -> str:
    texts, number = (compiler.process(one, **options) for one in (element.texts, element.number))
    return f"CAST(CAST({texts} AS JSONB) ->> CAST({number} AS TEXT) AS JSON)"


@compiles(DataSize)
def _data_size(element: DataSize, compiler: SQLCompiler, **options: Any) -> str:
    return f"length(CAST({compiler.process(element.column, **options)} AS BLOB))"


@compiles(DataSize, "postgresql")
def _data_size_of_text(element: DataSize, compiler: SQLCompiler, **options: Any) -> str:
    return f"octet_length(CAST({compiler.process(element.column, **options)} AS TEXT))"
