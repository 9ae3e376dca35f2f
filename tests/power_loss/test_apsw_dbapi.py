"""The shim behaves as the driver that it stands in for, where SQLAlchemy and Crossdock can tell."""

from __future__ import annotations

import datetime as dt
import importlib
import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from tests.power_loss import apsw_dbapi

each = pytest.mark.parametrize(
    "module",
    [
        pytest.param("tests.power_loss.apsw_dbapi", marks=pytest.mark.needs_apsw, id="shim"),
        pytest.param("pysqlite3.dbapi2", marks=pytest.mark.needs_pysqlite3, id="pysqlite3"),
        pytest.param("sqlite3.dbapi2", id="sqlite3"),
    ],
    indirect=True,
)


@pytest.fixture
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


@pytest.fixture
def connection(module: ModuleType) -> Iterator[apsw_dbapi.Connection]:
    connection = module.connect(":memory:", isolation_level=None)
    connection.execute("create table t (id integer primary key, x)")
    yield connection
    connection.close()


@each
class TestOneConnection:
    def test_rows_come_as_tuples_once(self, connection: apsw_dbapi.Connection) -> None:
        cursor = connection.execute("select 1, 'a' union all select 2, null union all select 3, x'00'")
        assert cursor.fetchone() == (1, "a")
        assert cursor.fetchmany() == [(2, None)]
        assert list(cursor) == [(3, b"\0")]
        assert cursor.fetchone() is None
        assert cursor.fetchall() == []

    def test_description_names_columns_also_without_rows(self, connection: apsw_dbapi.Connection) -> None:
        cursor = connection.execute("select id, x as other from t")
        assert cursor.description is not None
        assert [column[0] for column in cursor.description] == ["id", "other"]
        assert {len(column) for column in cursor.description} == {7}
        assert connection.execute("delete from t").description is None

    def test_rowcount_counts_changed_rows_without_those_of_triggers(
        self, connection: apsw_dbapi.Connection
    ) -> None:
        connection.executescript(
            "create table log (x);create trigger on_t after insert on t begin insert into log values (1); end"
        )
        many = connection.executemany("insert into t (x) values (?)", [(n,) for n in range(5)])
        assert many.rowcount == 5
        assert connection.execute("update t set x = 0 where id > 2").rowcount == 3
        assert connection.execute("select * from t").rowcount == -1

    def test_rowcount_counts_behind_a_with_as_in_pysqlite3(
        self, module: ModuleType, connection: apsw_dbapi.Connection
    ) -> None:
        if module.__name__ == "sqlite3.dbapi2":
            pytest.skip("the standard library's module looks at the first word alone")
        rows = "with new (n) as (values (1), (2)) insert into t (x) select n from new"
        assert connection.execute(rows).rowcount == 2
        assert connection.execute("with new (n) as (values (1)) select n from new").rowcount == -1

    def test_lastrowid_is_that_of_the_insert(self, connection: apsw_dbapi.Connection) -> None:
        assert connection.execute("insert into t (id) values (41)").lastrowid == 41

    def test_transactions_are_the_callers_without_isolation_level(
        self, connection: apsw_dbapi.Connection
    ) -> None:
        connection.execute("insert into t (id) values (1)")
        assert not connection.in_transaction
        connection.execute("begin immediate")
        connection.execute("insert into t (id) values (2)")
        assert connection.in_transaction
        connection.rollback()
        connection.rollback()
        assert connection.execute("select id from t").fetchall() == [(1,)]

    def test_isolation_level_opens_a_transaction_before_a_change(
        self, connection: apsw_dbapi.Connection
    ) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("select 1").fetchall()
        assert not connection.in_transaction
        connection.execute("-- a comment\ninsert into t (id) values (1)")
        assert connection.in_transaction
        connection.commit()
        assert not connection.in_transaction

    def test_named_parameters_come_from_a_mapping(self, connection: apsw_dbapi.Connection) -> None:
        assert connection.execute("select :a + :b", {"a": 1, "b": 2}).fetchone() == (3,)

    def test_a_function_in_python_can_be_called(self, connection: apsw_dbapi.Connection) -> None:
        connection.create_function("twice", 1, lambda n: n * 2, deterministic=True)
        assert connection.execute("select twice(21)").fetchone() == (42,)

    def test_total_changes_only_grows(self, connection: apsw_dbapi.Connection) -> None:
        before = connection.total_changes
        connection.execute("insert into t (x) values (1), (2)")
        assert connection.total_changes == before + 2

    def test_backup_copies_everything(self, module: ModuleType, connection: apsw_dbapi.Connection) -> None:
        connection.execute("insert into t (id) values (7)")
        target = module.connect(":memory:")
        connection.backup(target, pages=1)
        assert target.execute("select id from t").fetchall() == [(7,)]
        target.close()

    @pytest.mark.parametrize(
        ("act", "error", "name"),
        [
            (lambda c: c.execute("selec"), "OperationalError", "SQLITE_ERROR"),
            (lambda c: c.execute("select * from missing"), "OperationalError", "SQLITE_ERROR"),
            (
                lambda c: c.execute("insert into t (id) values (?), (?)", (1, 1)),
                "IntegrityError",
                "SQLITE_CONSTRAINT",
            ),
            (lambda c: c.execute("insert into t (id) values ('a')"), "IntegrityError", "SQLITE_MISMATCH"),
            (lambda c: c.execute("select ?", ()), "ProgrammingError", None),
            (lambda c: c.execute("select :a", {}), "ProgrammingError", None),
            (lambda c: (c.close(), c.execute("select 1")), "ProgrammingError", None),
            (lambda c: (c.close(), c.commit()), "ProgrammingError", None),
        ],
    )
    def test_errors_have_the_class_and_name_of_sqlite3(
        self,
        module: ModuleType,
        connection: apsw_dbapi.Connection,
        act: Callable[[apsw_dbapi.Connection], object],
        error: str,
        name: str | None,
    ) -> None:
        with pytest.raises(getattr(module, error)) as caught:
            act(connection)
        assert type(caught.value) is getattr(module, error)
        if name is not None:
            assert caught.value.sqlite_errorname.startswith(name)
            assert caught.value.sqlite_errorcode & 0xFF

    def test_several_statements_in_one_execute_are_refused(
        self, module: ModuleType, connection: apsw_dbapi.Connection
    ) -> None:
        with pytest.raises((module.ProgrammingError, module.Warning)):
            connection.execute("select 1; select 2")


@each
def test_a_locked_database_is_an_operational_error_that_says_busy(module: ModuleType, tmp_path: Path) -> None:
    one, two = (module.connect(str(tmp_path / "a.db"), timeout=0, isolation_level=None) for _ in range(2))
    one.execute("begin immediate")
    with pytest.raises(module.OperationalError, match="database is locked") as caught:
        two.execute("begin immediate")
    assert caught.value.sqlite_errorcode == 5
    assert caught.value.sqlite_errorname == "SQLITE_BUSY"
    one.close()
    two.close()


@each
def test_a_missing_directory_is_an_operational_error(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(module.OperationalError, match="unable to open database file"):
        module.connect(str(tmp_path / "missing" / "a.db"))


@each
def test_a_file_that_is_no_database_is_a_database_error(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database at all" * 100)
    connection = module.connect(str(tmp_path / "a.db"))
    with pytest.raises(module.DatabaseError, match="not a database") as caught:
        connection.execute("select * from sqlite_schema")
    assert type(caught.value) is module.DatabaseError
    connection.close()


@each
def test_another_thread_is_refused_unless_allowed(module: ModuleType) -> None:
    answers: list[object] = []

    def use(connection: apsw_dbapi.Connection) -> None:
        try:
            answers.append(connection.execute("select 1").fetchone())
        except module.ProgrammingError:
            answers.append("refused")

    for allowed in (True, False):
        connection = module.connect(":memory:", check_same_thread=not allowed)
        thread = threading.Thread(target=use, args=[connection])
        thread.start()
        thread.join()
        connection.close()
    assert answers == [(1,), "refused"]


@each
def test_a_uri_can_open_for_reading_only(module: ModuleType, tmp_path: Path) -> None:
    module.connect(str(tmp_path / "a.db")).close()
    connection = module.connect(f"file:{tmp_path / 'a.db'}?mode=ro", uri=True)
    with pytest.raises(module.OperationalError, match="readonly"):
        connection.execute("create table t (x)")
    connection.close()


@each
def test_sqlalchemy_works_on_it(module: ModuleType, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}", module=module)
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("data", sa.JSON),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("at", sa.DateTime),
    )
    at = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 -- SQLite's DateTime has no zone
    rows = [{"data": {"n": n}, "raw": b"\0", "at": at} for n in range(3)]
    with engine.begin() as connection:
        table.create(connection)
        assert connection.scalars(sa.insert(table).returning(table.c.id), rows).all() == [1, 2, 3]
        assert connection.execute(table.update().values(data={})).rowcount == 3
        assert connection.execute(table.select().where(table.c.id == 2)).one() == (2, {}, b"\0", at)
        assert connection.execute(table.select().where(sa.false())).keys() == table.c.keys()
        assert connection.scalar(sa.select(sa.literal("abc").regexp_match("b"))) == 1
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(table.insert(), {"id": 1})
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["t"]
    engine.dispose()
