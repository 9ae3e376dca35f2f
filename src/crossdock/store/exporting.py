"""The verbs of exporters: *declare, begin, store a pull, end*."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.store.statements import exporting as statements
from crossdock.store.transaction import TransactionCore
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.sql.elements import ClauseElement

    from crossdock.domain.exported import Counts, RunOutcome
    from crossdock.domain.pulling import Decision, Held, ObjectKey, PreparedPull, Present

_AT_ONCE: Final = 1000
"""So many objects are in one statement at most."""


class Exporting(TransactionCore):
    """Keeps what exporters find."""

    def declare_exporter(self, name: str, kinds: Sequence[str], every: timedelta | None) -> None:
        """Note an exporter and its kinds; with ``every``, how often it is to run."""
        timing = {} if every is None else {"every_s": every.total_seconds()}
        parameters = {"exporter": name, "kinds": json.dumps(list(kinds)), **timing}
        self.run(statements.declare_exporter, parameters, with_every=every is not None)

    def begin_run(self, name: str, *, full: bool, keep: int, gone_before: datetime) -> int:
        """Note that a run begins; return its id. Of earlier ones so many are kept, and what is gone until then goes.

        A run that has not ended by then never will: there is one at a time, and this is the next.
        """
        self.run(statements.abandon_runs, {"exporter": name})
        self.run(statements.forget_runs, {"exporter": name, "keep": keep})
        self.run(statements.forget_gone, {"exporter": name, "before": to_text(gone_before)})
        parameters = {"exporter": name, "is_full": int(full), "now": self.now_text}
        return int(self.run(statements.begin_run, parameters)[0][0])

    def store_pull(self, name: str, pull: PreparedPull, seen: int) -> Decision | None:
        """Store a pull with its state; None: another run has stored one since ``seen``, and nothing was changed."""
        from crossdock.domain.pulling import decide  # noqa: PLC0415 - only who has exporters needs it

        self.check_intake()
        if not self.run(statements.advance, {"exporter": name, "seen": seen}):
            return None
        decision = decide(pull, self._held_objects(name, pull.taken), self._present_objects(name, pull))
        self._apply_decision(name, pull.scope or "", decision)
        self._end_scopes(name, pull.ended)
        if pull.scope is not None:
            self._put_aside(name, pull)
            parameters = {
                "exporter": name,
                "scope": pull.scope,
                "state": pull.state,
                "now": self.now_text,
            }
            self.run(statements.put_state, parameters, whole=bool(pull.whole))
        return decision

    def write_run(self, run: int, counts: Counts, remarks: Sequence[str]) -> None:
        """Write how far a run is."""
        columns = {"counts": json.dumps(counts.to_json()), "remarks": json.dumps(list(remarks))}
        self.run(statements.write_run, {**columns, "run": run}, columns=tuple(columns))

    def end_run(self, run: int, outcome: RunOutcome, code: str | None, error: str | None) -> None:
        """Note how a run has ended."""
        columns = {"outcome": outcome, "error_code": code, "error": error}
        parameters = {**columns, "run": run, "now": self.now_text}
        self.run(statements.write_run, parameters, columns=("ended_at", *columns))

    def note_success(self, name: str, since: datetime) -> None:
        """Note that everything is known that there was at an instant."""
        self.run(statements.note_success, {"exporter": name, "since": to_text(since)})

    def _apply_decision(self, name: str, scope: str, decision: Decision) -> None:
        told = [[*key, taken.text, taken.digest] for key, taken in decision.put]
        scoped = {"exporter": name, "scope": scope}
        self._run_rows(statements.put_objects, told, {**scoped, "now": self.now_text})
        self._run_rows(statements.move_objects, decision.moved, scoped)
        self._run_rows(statements.lose_objects, decision.gone, {"exporter": name, "now": self.now_text})
        if decision.put or decision.gone:
            self.run(statements.note_changes, {"exporter": name})

    def _held_objects(self, name: str, keys: Collection[ObjectKey]) -> dict[ObjectKey, Held]:
        from crossdock.domain.pulling import Held  # noqa: PLC0415 - likewise

        rows = self._run_rows(statements.held_objects, list(keys), {"exporter": name})
        return {
            (kind, object_id): Held(scope, digest, gone_at is not None)
            for kind, object_id, scope, digest, gone_at in rows
        }

    def _present_objects(self, name: str, pull: PreparedPull) -> list[Present]:
        from crossdock.domain.pulling import Present  # noqa: PLC0415 - likewise

        scopes = [*pull.ended, *([pull.scope] if pull.whole and pull.scope is not None else [])]
        rows = self._run_rows(statements.present_objects, [[scope] for scope in scopes], {"exporter": name})
        return [Present(*row) for row in rows]

    def _end_scopes(self, name: str, scopes: Iterable[str]) -> None:
        rows = [[scope] for scope in scopes]
        for statement in (statements.end_states, statements.end_aside):
            self._run_rows(statement, rows, {"exporter": name})

    def _put_aside(self, name: str, pull: PreparedPull) -> None:
        """Set aside what could not be taken now; what was taken since then, or is there no more, is no longer."""
        scoped = {"exporter": name, "scope": pull.scope}
        now = {(one.kind, one.key) for one in pull.aside}
        over = [
            (kind, key)
            for kind, key in self.run(statements.set_aside_keys, scoped)
            if (kind, key) not in now and (kind in pull.whole or (kind, key) in pull.taken)
        ]
        self._run_rows(statements.drop_aside, over, scoped)
        told = [[one.kind, one.key, one.id, one.reason, one.text] for one in pull.aside]
        self._run_rows(statements.put_aside, told, {**scoped, "now": self.now_text})

    def _run_rows(
        self, build: Callable[..., ClauseElement], rows: Sequence[Any], parameters: Mapping[str, Any]
    ) -> list[Any]:
        """Execute a statement for many rows; not at all, if there are none."""
        found: list[Any] = []
        for some in _pieces(rows):
            found += self.run(build, {**parameters, "rows": json.dumps(some)})
        return found


def _pieces(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
