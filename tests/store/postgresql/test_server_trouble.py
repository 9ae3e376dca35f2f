"""A server whose disk is full, or that found damage: nothing is acknowledged, and it resumes when that is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossdock import Queue, StoreDamaged, StoreError, StoreFull
from tests.postgresql_databases import execute
from tests.store.postgresql.conftest import Open

FAIL = """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''it fails'' USING ERRCODE = ''{code}''; END';
CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON integration.data_staging FOR EACH STATEMENT EXECUTE FUNCTION fail()"""
VERBS: dict[str, Callable[[Queue], object]] = {
    "send": lambda queue: queue.send("app", 2),
    "send with key": lambda queue: queue.send("app", 2, partition_key="k"),
    "send many": lambda queue: queue.send_many("app", range(100)),
    "claim": lambda queue: queue.claim("app"),
}


TROUBLE: dict[str, tuple[type[StoreError], str]] = {
    "53100": (StoreFull, r"nothing was stored\. Free some disk space; it resumes by itself"),
    "XX001": (StoreDamaged, "stop the programs and restore a backup"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("code", TROUBLE)
def test_trouble_is_told_and_costs_nothing(
    postgresql_url: str, open_queue: Open, verb: str, code: str
) -> None:
    queue = open_queue(postgresql_url)
    sent = queue.send("app", 1)
    execute(postgresql_url, FAIL.format(code=code))
    kind, words = TROUBLE[code]
    with pytest.raises(kind, match=words):
        VERBS[verb](queue)
    execute(postgresql_url, "DROP TRIGGER fail ON integration.data_staging")
    assert [delivery.message.id for delivery in queue.claim("app")] == [sent.id]
