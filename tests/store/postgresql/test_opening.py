"""What a person is told when a database cannot be used; never with the password in it."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from crossdock import CrossdockError, Hub, Queue, SchemaOutOfDate, StoreError, StoreUnavailable
from crossdock.store.postgresql.location import parse_database_url
from tests.postgresql_databases import Databases, execute
from tests.postgresql_server import GUARDED, PASSWORD, plain
from tests.store.postgresql.conftest import Open

SHORT = timedelta(seconds=1)


def with_user(url: str, user: str, password: str | None = None) -> str:
    return make_url(url).set(username=user, password=password).render_as_string(hide_password=False)


def refusal(open_queue: Open, url: str, kind: type[CrossdockError] = StoreError) -> str:
    with pytest.raises(kind) as caught:
        open_queue(url, patience=SHORT)
    told = ""
    error: BaseException | None = caught.value
    while error is not None:
        told += str(error) + repr(error)
        error = error.__cause__
    assert "hunter2" not in told
    assert PASSWORD not in told
    return str(caught.value)


@pytest.mark.parametrize("port", [":5433/orders?host=db", "/orders?host=db&port=5433"])
def test_stores_on_two_ports_of_a_machine_have_folders_of_their_own(port: str) -> None:
    here = parse_database_url(f"postgresql+psycopg://{port}")
    assert here.folder != parse_database_url("postgresql+psycopg:///orders?host=db").folder
    assert here.folder == parse_database_url("postgresql+psycopg://db:5433/orders").folder


def test_empty_database_is_made_a_store(empty_postgresql_url: str, open_queue: Open) -> None:
    open_queue(empty_postgresql_url).send("app", 1)
    assert execute(empty_postgresql_url, "SELECT count(*) FROM integration.data_staging") == [(1,)]


def test_empty_database_is_made_a_store_once_by_many(empty_postgresql_url: str, open_queue: Open) -> None:
    failures: list[Exception] = []

    def open_and_send(number: int) -> None:
        try:
            open_queue(empty_postgresql_url, app=f"sender-{number}").send("app", number)
        except Exception as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=open_and_send, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert execute(empty_postgresql_url, "SELECT count(*) FROM integration.data_staging") == [(6,)]
    assert execute(empty_postgresql_url, "SELECT count(*) FROM integration.crossdock_schema") == [(1,)]


def test_newer_schema_is_refused(postgresql_url: str, open_queue: Open) -> None:
    change = "UPDATE crossdock_schema SET number = number + ?, oldest_code = oldest_code + ?"
    execute(postgresql_url, change, [100, 100])
    told = refusal(open_queue, postgresql_url, SchemaOutOfDate)
    execute(postgresql_url, change, [-100, -100])
    assert "101" in told


@pytest.fixture
def role(databases: Databases, postgresql_url: str) -> str:
    """The URL of the database for a role that must give a password and may do nothing."""
    execute(postgresql_url, f"DROP ROLE IF EXISTS {GUARDED}")
    execute(postgresql_url, f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
    return with_user(postgresql_url, GUARDED, PASSWORD)


def needs_passwords(url: str) -> None:
    """Leave a test out where the server that was named believes everybody."""
    try:
        psycopg.connect(plain(with_user(url, GUARDED, "hunter2")), connect_timeout=10).close()
    except psycopg.OperationalError:
        return
    pytest.skip("this server asks nobody for a password")


def test_wrong_password_is_told_without_it(role: str, open_queue: Open) -> None:
    needs_passwords(role)
    told = refusal(open_queue, with_user(role, GUARDED, "hunter2"))
    assert GUARDED in told
    assert "password" in told


def test_hub_works_with_a_password_that_the_configuration_refers_to(
    empty_postgresql_url: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_passwords(role)
    database = make_url(empty_postgresql_url).database
    execute(empty_postgresql_url, f'GRANT ALL ON DATABASE "{database}" TO {GUARDED}')
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "crossdock.toml").write_text(
        f'[store]\nurl = "{with_user(empty_postgresql_url, GUARDED)}"\npassword = {{ file = "password" }}\n'
        'host_folder = "host"\n'
    )
    monkeypatch.chdir(tmp_path)
    seen: list[object] = []
    with Hub("crossdock.toml") as hub:
        hub.app("app")(lambda message: seen.append(message.data))
        hub.queue.send("app", 1)
        hub.run(wait=timedelta(0))
        assert seen == [1]
    execute(empty_postgresql_url, f"DROP OWNED BY {GUARDED} CASCADE")


def test_right_without_tables_of_ones_own_is_told(role: str, open_queue: Open) -> None:
    told = refusal(open_queue, role)
    assert "permission denied" in told


def test_role_that_may_not_make_the_tables_is_told_so(
    empty_postgresql_url: str, role: str, open_queue: Open
) -> None:
    told = refusal(open_queue, with_user(empty_postgresql_url, GUARDED, PASSWORD))
    assert "permission denied" in told


def test_role_with_the_rights_of_an_application_is_enough(
    postgresql_url: str, role: str, open_queue: Open
) -> None:
    execute(postgresql_url, f"GRANT USAGE ON SCHEMA integration TO {GUARDED}")
    grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA integration TO"
    execute(postgresql_url, f"{grant} {GUARDED}")
    execute(postgresql_url, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA integration TO {GUARDED}")
    try:
        queue = open_queue(role)
        queue.send_many("app", range(500))
        assert [delivery.message.data for delivery in queue.consume("app", wait=timedelta(0))] == [
            *range(500)
        ]
        queue.close()
    finally:
        execute(postgresql_url, f"DROP OWNED BY {GUARDED}")


def test_database_that_does_not_exist_is_named(postgresql_url: str, open_queue: Open) -> None:
    url = make_url(postgresql_url).set(database="nobody_made_it", password="hunter2")  # noqa: S106
    told = refusal(open_queue, url.render_as_string(hide_password=False))
    assert "nobody_made_it" in told


def test_server_that_is_not_there_is_unavailable_after_our_patience(open_queue: Open) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://someone:hunter2@127.0.0.1:{taken.getsockname()[1]}/store"
        told = refusal(open_queue, url, StoreUnavailable)
    assert "127.0.0.1" in told


def test_standby_is_not_written_to(postgresql_url: str, open_queue: Open) -> None:
    """A server that takes no writes, as one after a failover, is waited for like one that is away."""
    url = make_url(postgresql_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    refusal(open_queue, url.render_as_string(hide_password=False), StoreUnavailable)


def test_queue_never_shows_the_password(role: str) -> None:
    with pytest.raises(StoreError) as caught, Queue(role) as queue:
        queue.send("app", 1)
    assert PASSWORD not in repr(caught.value)
