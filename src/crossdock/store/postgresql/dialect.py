"""How SQLAlchemy writes our statements for PostgreSQL: ``$1`` parameters, every table named with its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect

from crossdock.store.postgresql import statements
from crossdock.store.prepared import Prepared
from crossdock.store.transaction import PreparedStatements

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.sql.elements import ClauseElement

SCHEMA: Final = "integration"
"""The PostgreSQL schema that holds every table of a store."""
SCHEMA_MAP: Final = {None: SCHEMA}


class _Compiler(PGCompiler):
    """Takes the ON CONFLICT clauses of the statements that are shared with SQLite, which know no named constraint."""

    def _on_conflict_target(self, clause: Any, **options: Any) -> str:
        if not hasattr(clause, "constraint_target"):
            clause.constraint_target = None
        target: str = super()._on_conflict_target(clause, **options)  # type: ignore[no-untyped-call]
        return target


class _Dialect(PGDialect):
    statement_compiler = _Compiler
    supports_statement_cache = True


POSTGRESQL: Final = _Dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class PostgreSQLStatements(PreparedStatements):
    """Every statement of the store, compiled at its first use; some have another form here."""

    def _prepare(self, build: Callable[..., ClauseElement], **options: Any) -> Prepared:
        statement = statements.REPLACED.get(build, build)(**options)
        return Prepared(statement, POSTGRESQL, schema_translate_map=SCHEMA_MAP, render_schema_translate=True)
