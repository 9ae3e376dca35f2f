"""What the doors for programs keep in the store: API keys, and answers that are given again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock import Queue
from crossdock.domain.answer import AnswerKey, KeptAnswer
from crossdock.domain.errors import IdempotencyKeyReused, KeyNotFound
from crossdock.domain.key import Scope, parse_key
from crossdock.hub.keys import KeyWish, MadeKey, creation, first_creation, rotation
from crossdock.hub.once import KEEP, Once
from tests.contract.case import Case, on_one_of_each

WISH = KeyWish(name="shop", scopes=frozenset({Scope.MESSAGES_SEND}), app="shop")


def make(queue: Queue) -> MadeKey:
    return queue._store.write(creation(WISH))


@on_one_of_each
def test_a_key_is_kept_without_its_secret(queue: Queue) -> None:
    made = make(queue)
    (held,) = queue._store.read(lambda reader: reader.keys())
    assert held == made.key
    assert (held.name, held.scopes, held.app) == ("shop", WISH.scopes, "shop")
    assert parse_key(str(made.text)) == made.text
    assert held.has_secret(made.text.secret)
    assert not held.has_secret(made.text.secret[:-1] + "?")
    assert made.text.secret not in repr(held)


@on_one_of_each
def test_a_revoked_key_stays_revoked_since_then(case: Case, queue: Queue) -> None:
    made = make(queue)
    revoked = queue._store.write(lambda tx: tx.revoke_key(made.key.id))
    case.clock.advance(timedelta(hours=1))
    again = queue._store.write(lambda tx: tx.revoke_key(made.key.id))
    assert again.revoked_at == revoked.revoked_at is not None
    assert not again.is_valid(queue._store.now())
    with pytest.raises(KeyNotFound):
        queue._store.write(lambda tx: tx.revoke_key("000000000000"))
    with pytest.raises(KeyNotFound):
        queue._store.write(rotation(made.key.id, timedelta(0)))


@on_one_of_each
def test_a_rotated_key_ends_when_the_new_one_has_taken_over(case: Case, queue: Queue) -> None:
    old = make(queue).key
    new = queue._store.write(rotation(old.id, timedelta(days=1))).key
    assert (new.name, new.scopes, new.app, new.expires_at) == (old.name, old.scopes, old.app, None)
    held = queue._store.read(lambda reader: reader.key(old.id))
    assert held.is_valid(queue._store.now())
    case.clock.advance(timedelta(days=1))
    assert not held.is_valid(queue._store.now())
    queue._store.write(rotation(old.id, timedelta(days=5)))
    assert queue._store.read(lambda reader: reader.key(old.id)).expires_at == held.expires_at, "never later"


@on_one_of_each
def test_a_key_is_looked_at_by_who_is_about_to_change_it(queue: Queue) -> None:
    key = make(queue).key
    assert queue._store.write(lambda tx: tx.key_held(key.id)) == key
    assert queue._store.write(lambda tx: tx.key_held("000000000000")) is None


def test_the_first_key_is_made_only_if_there_is_none(queue: Queue) -> None:
    text = make(queue).text
    assert queue._store.write(first_creation(text, "first")) is None


@on_one_of_each
def test_what_is_done_with_keys_stands_in_the_audit_log(case: Case, queue: Queue) -> None:
    made = make(queue)
    queue._store.write(lambda tx: tx.revoke_key(made.key.id))
    if case.in_memory:
        return
    schema = "integration." if case.on_postgresql else ""
    rows = case.sql(queue, f"SELECT event FROM {schema}audit_log ORDER BY id")
    assert [event for (event,) in rows] == ["key.created", "key.revoked"]


def once(queue: Queue, fingerprint: str = "f") -> tuple[KeptAnswer, bool]:
    def answer(value: int) -> KeptAnswer:
        return KeptAnswer(fingerprint, 202, "/x", f'{{"depth": {value}}}')

    def work(tx: object) -> int:
        queue_of = tx
        queue_of.send(queue._gateway.draft(1), queue._gateway.plain_envelope("app"))  # type: ignore[attr-defined]
        return 1

    return queue._store.write(Once(AnswerKey("k", "op", "name"), fingerprint, work, answer))


@on_one_of_each
def test_work_under_one_name_is_done_once_for_a_day(case: Case, queue: Queue) -> None:
    first, again = once(queue), once(queue)
    assert (first[0], first[1], again[1]) == (again[0], False, True)
    with pytest.raises(IdempotencyKeyReused):
        once(queue, "another")
    assert len(queue.list()) == 1
    case.clock.advance(KEEP)
    assert once(queue) == (first[0], False)
    assert len(queue.list()) == 2


@on_one_of_each
def test_work_that_fails_leaves_no_answer_behind(queue: Queue) -> None:
    def work(tx: object) -> None:
        raise ZeroDivisionError

    key = AnswerKey("k", "op", "name")
    with pytest.raises(ZeroDivisionError):
        queue._store.write(Once(key, "f", work, lambda _: KeptAnswer("f", 200, "", "")))
    assert once(queue)[1] is False
