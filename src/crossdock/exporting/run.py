"""One run of an exporter: pull after pull, each stored with its state and with the messages that tell of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import CrossdockError, StoreError, TransientError
from crossdock.domain.exported import Counts, SyncReport
from crossdock.domain.exporter_events import (
    ExporterCompleted,
    ExporterFailed,
    ExporterResynced,
    ExporterStarted,
)
from crossdock.domain.message import AppId, Draft, Envelope
from crossdock.domain.pulling import Change, PreparedPull, prepare

if TYPE_CHECKING:
    from crossdock.domain.exporting import Pull
    from crossdock.domain.pulling import Decision
    from crossdock.domain.routing import Routes
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.exporter import Exporter
    from crossdock.ports.store import Store, Transaction

KEPT_RUNS: Final = 200
GONE_FOR: Final = timedelta(days=90)
"""So long an object that is gone can still be asked for."""
_TRIES: Final = 5
"""So often a run begins again because another one, on another machine, was quicker."""
_UNKNOWN_CODE: Final = TransientError.code


class Run:
    """A run that nobody else on this machine has begun.

    Args:
        store: Where everything is kept.
        gateway: Encodes what is sent.
        routes: Who receives it.
        exporter: Which.
        full: Ask for everything.
        progress: Is told how far it is.
    """

    def __init__(  # noqa: PLR0913 - all parts of one thing
        self,
        store: Store,
        gateway: Gateway,
        routes: Routes,
        exporter: Exporter,
        *,
        full: bool,
        progress: Callable[[SyncReport], None] | None,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._routes = routes
        self._exporter = exporter
        self._full = full
        self._progress = progress
        self._name = AppId(exporter.name)
        self._kinds = list(exporter.kinds)

    def execute(self) -> SyncReport:
        """Run to the end; raises what the exporter raises, after writing it down."""
        began = time.monotonic()
        self._gateway.notice(ExporterStarted(exporter=self._name, full=self._full))
        self._report = self._store.write(self._begin)
        try:
            self._pull_until_told_all()
            ended_at = self._store.write(self._complete)
        except BaseException as error:
            self._fail(error, time.monotonic() - began)
            raise
        self._report = replace(self._report, outcome="completed", ended_at=ended_at)
        counts = self._report.counts
        self._gateway.notice(
            ExporterCompleted(
                exporter=self._name,
                full=self._full,
                received=counts.received,
                taken=counts.taken,
                changed=counts.changed,
                gone=counts.gone,
                set_aside=counts.set_aside,
                duration_s=time.monotonic() - began,
            )
        )
        return self._report

    def _begin(self, tx: Transaction) -> SyncReport:
        tx.declare_exporter(self._name, self._kinds, None)
        gone_before = tx.now - GONE_FOR
        run = tx.begin_run(self._name, full=self._full, keep=KEPT_RUNS, gone_before=gone_before)
        return SyncReport(id=run, exporter=self._name, full=self._full, started_at=tx.now)

    def _complete(self, tx: Transaction) -> datetime:
        tx.note_success(self._name, self._report.started_at)
        tx.end_run(self._report.id, "completed", None, None)
        return tx.now

    def _fail(self, error: BaseException, took_s: float) -> None:
        """Write down why the run has ended; if the store cannot be written, the next run finds this one unfinished."""
        code = error.code if isinstance(error, CrossdockError) else _UNKNOWN_CODE
        words = str(error) if isinstance(error, CrossdockError) else f"{type(error).__name__}: {error}"
        with suppress(StoreError):
            self._store.write(lambda tx: tx.end_run(self._report.id, "failed", code, words))
        self._gateway.notice(
            ExporterFailed(exporter=self._name, code=code, reason=f"{self._name}: {words}", duration_s=took_s)
        )

    def _pull_until_told_all(self) -> None:
        for _ in range(_TRIES):
            if self._pull_all():
                return
        raise TransientError(
            f"{self._name} is being exported by another machine, too; what it stored is kept. Let one of them do it"
        )

    def _pull_all(self) -> bool:
        """Store pull after pull; false: another run has stored one meanwhile, so that our states are not the newest."""
        name = self._name
        seen, states = self._store.read(
            lambda reader: (reader.exporter_pulls(name), reader.exporter_states(name))
        )
        untold = set(states)
        with _closed_after(self._exporter.pull({} if self._full else states)) as pulls:
            for pull in pulls:
                untold -= {pull.scope, *pull.ended}
                if not self._store_one(prepare(pull, self._kinds), seen, known=pull.scope in states):
                    return False
                seen += 1
        left = PreparedPull(scope=None, ended=frozenset(untold))
        return not self._full or not untold or self._store_one(left, seen, known=False)

    def _store_one(self, pull: PreparedPull, seen: int, *, known: bool) -> bool:
        before = self._report
        work = StoredPull(self._gateway, self._routes, self._report, pull, seen)
        decision = self._store.write(work)
        if decision is None:
            return False
        self._report = work.report(decision)
        if known and pull.whole and (self._full or pull.remark):
            self._tell_of_resync(pull, before.counts)
        if self._progress is not None:
            self._progress(self._report)
        return True

    def _tell_of_resync(self, pull: PreparedPull, before: Counts) -> None:
        counts = self._report.counts
        self._gateway.notice(
            ExporterResynced(
                exporter=self._name,
                scope=pull.scope or "",
                changed=counts.changed - before.changed,
                gone=counts.gone - before.gone,
                reason=pull.remark or f"{self._name}: everything was asked for, as somebody wanted",
            )
        )


class StoredPull:
    """A pull on its way into the store: work of a transaction, which may be executed again.

    Args:
        gateway: Encodes what is sent.
        routes: Who receives it.
        report: Of the run so far.
        pull: What is stored.
        seen: So many pulls were stored before.
    """

    def __init__(
        self, gateway: Gateway, routes: Routes, report: SyncReport, pull: PreparedPull, seen: int
    ) -> None:
        self._gateway = gateway
        self._routes = routes
        self._report = report
        self._pull = pull
        self._seen = seen

    def __call__(self, tx: Transaction) -> Decision | None:
        """Store it, and send what tells of it."""
        decision = tx.store_pull(self._report.exporter, self._pull, self._seen)
        if decision is not None:
            for draft, envelope in self._messages(list(decision.changes())):
                tx.send_admitted(draft, envelope)
            report = self.report(decision)
            tx.write_run(report.id, report.counts, report.remarks)
        return decision

    def report(self, decision: Decision) -> SyncReport:
        """Return the report of the run with this pull."""
        taken = self._pull.received - len(self._pull.aside)
        said_gone = sum(self._pull.taken.get(key, ...) is None for key in decision.gone)
        counts = Counts(
            received=self._pull.received,
            taken=taken,
            changed=len(decision.put),
            unchanged=taken - len(decision.put) - said_gone,
            gone=len(decision.gone),
            set_aside=len(self._pull.aside),
        )
        remark = self._pull.remark
        remarks = (*self._report.remarks, *([] if remark is None else [remark]))
        return replace(self._report, counts=self._report.counts + counts, remarks=remarks)

    def _messages(self, changes: Sequence[Change]) -> Iterator[tuple[Draft, Envelope]]:
        """Give what is sent, once for each receiver, under the same id."""
        sender = AppId(self._report.exporter)
        if not self._routes.reaches_somebody(sender):
            return
        drafts = self._gateway.drafts_of_texts([_text(change) for change in changes])
        for change, draft in zip(changes, drafts, strict=True):
            kind = f"{sender}.{change.kind}.{'gone' if change.text is None else 'changed'}"
            receivers = self._routes.receivers(sender, type=kind, source=sender, subject=change.id)
            for receiver in receivers:
                yield draft, Envelope(app=receiver, source_app=sender, type=kind, subject=change.id)


def _text(change: Change) -> str:
    """Return the data of the message that tells of a change."""
    named = f'"kind":{json.dumps(change.kind)},"id":{json.dumps(change.id, ensure_ascii=False)}'
    gone = "true" if change.text is None else "false"
    return f'{{{named},"data":{change.text or "null"},"gone":{gone}}}'


@contextmanager
def _closed_after(pulls: Iterator[Pull]) -> Iterator[Iterator[Pull]]:
    """Close a generator whatever ends the run, so that the exporter closes its connections."""
    try:
        yield pulls
    finally:
        close = getattr(pulls, "close", None)
        if close is not None:
            close()
