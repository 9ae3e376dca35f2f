"""Statements compiled once, executed many times: SQLAlchemy builds them, the driver runs their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.elements import ClauseElement

SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """The text of one statement, and the order of its parameters."""

    __slots__ = ("_defaults", "names", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect = SQLITE, **how: Any) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}, **how)
        self.sql: str = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]  # set by SQLCompiler
        self._defaults: dict[str, Any] = dict(compiled.params)

    def bind(self, **values: Any) -> tuple[Any, ...]:
        """Return the parameters in the order in which the statement wants them."""
        merged = {**self._defaults, **values}
        return tuple([merged[name] for name in self.names])


def prepare(build: Callable[..., ClauseElement], **options: Any) -> Prepared:
    """Compile the statement that ``build`` makes of ``options``, for SQLite."""
    return Prepared(build(**options))
