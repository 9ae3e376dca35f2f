"""The verb *send*."""

from __future__ import annotations

from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import InvalidMessage, QueueFull, StoreError
from crossdock.domain.message import BINARY_TYPE, Draft, Envelope, SentMessage, duplicate_of, sent_message
from crossdock.domain.retention import before
from crossdock.store import statements
from crossdock.store.codec import Row, envelope_columns, held_message
from crossdock.store.depths import Depths
from crossdock.store.payloads import Payloads, columns_outside
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from crossdock.domain.events import Level
    from crossdock.store.known_limits import KnownLimits
    from crossdock.store.prepared import Prepared
    from crossdock.store.transaction import Database, PreparedStatements
_CHUNKS: Final = (1024, 256, 32, 4, 1)
"""Rows per INSERT, largest first: few statements to compile, few calls to the driver."""
_JSON_NULL: Final = "null"
_ID_AND_TEXT: Final = itemgetter(Draft._fields.index("message_id"), Draft._fields.index("text"))


class _Insert:
    """The statement that stores one message of an envelope, and the parameters that do not change."""

    __slots__ = ("_created", "_data", "_id", "_raw", "_shared", "_updated", "envelope", "sql")

    def __init__(self, envelope: Envelope, prepared: Prepared, columns: Mapping[str, Any]) -> None:
        self.envelope = envelope
        self.sql = prepared.sql
        place = {name: number for number, name in enumerate(prepared.names)}
        self._shared = [columns[name] for name in prepared.names]
        self._id, self._created, self._updated = place["message_id"], place["created_at"], place["updated_at"]
        self._data, self._raw = place["data"], place.get("data_bytes", -1)

    def values(self, draft: Draft, now_text: str) -> list[Any]:
        """Return all parameters."""
        values = self._shared.copy()
        values[self._id] = draft.message_id
        values[self._created] = values[self._updated] = now_text
        if draft.raw is None:
            values[self._data] = draft.text
        else:
            values[self._raw] = draft.raw
        return values


class Sending(Depths, Payloads):
    """Stores messages."""

    def __init__(
        self,
        database: Database,
        prepared: PreparedStatements,
        *,
        who: str,
        limits: KnownLimits,
        hears: Callable[[Level], bool],
    ) -> None:
        super().__init__(database, prepared, who=who, limits=limits, hears=hears)
        self._inserts: dict[tuple[str, bool], _Insert] = {}

    def changes_by_one_statement(self, work: Any) -> bool:
        """Tell whether work changes the store by one statement at most: the INSERT of one message."""
        single = getattr(work, "single", None)
        return single is not None and not self.is_large(single[0])

    def send(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Store one message, or return the one that the app already holds under the same identity.

        Raises:
            InvalidMessage: The app holds another message under this id: its ``source`` differs.
            QueueFull: The app's queue is as deep as it may be.
        """
        try:
            self.admit(envelope.app)
        except QueueFull:
            if not self._find(draft, envelope):
                raise
        return self.send_admitted(draft, envelope)

    def send_admitted(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Store one message whatever the depth of its queue; the rest as ``send``."""
        self.check_intake()
        if draft.known_for is not None:
            archived = self._find_archived(draft, envelope, draft.known_for)
            if archived is not None:
                return archived
        if self.is_large(draft):
            row_id = self._send_large(draft, envelope)
        else:
            insert = self._insert_of(envelope, raw=draft.raw is not None)
            row_id = self._row_id(self._database.execute(insert.sql, insert.values(draft, self.now_text)))
        if row_id is None:
            return self._duplicate(draft, envelope)
        self._settle_order(envelope)
        return sent_message(draft, envelope, row_id=row_id, sent_at=self.now)

    def _send_large(self, draft: Draft, envelope: Envelope) -> int | None:
        """Store one message with its data outside the row; return its row id, or None if the app already has it."""
        data, content = columns_outside(draft.text, draft.raw)
        row_id = self._insert_columns({**self._shared(envelope, raw=draft.raw is not None), **data}, draft)
        if row_id is not None:
            self.keep_payload(data["payload"], content)
        return row_id

    def _insert_columns(self, columns: dict[str, Any], draft: Draft) -> int | None:
        columns["message_id"] = draft.message_id
        prepared = self._prepared.get(statements.insert_one, columns=tuple(columns))
        return self._row_id(self._database.execute(prepared.sql, [columns[name] for name in prepared.names]))

    def _row_id(self, cursor: Any) -> int | None:
        """Return the id of the row that was inserted; None: none was."""
        return cursor.lastrowid if cursor.rowcount == 1 else None

    def send_many(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Store many messages of one envelope, all with ids made just now; return their row ids, in order.

        Raises:
            QueueFull: The app's queue has no room for all of them.
        """
        self.admit(envelope.app, len(drafts))
        return self.send_many_admitted(drafts, envelope)

    def send_many_admitted(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Store many new messages whatever the depth of their queue; the rest as ``send_many``."""
        self.check_intake()
        row_ids: list[int] = []
        for large, group in self.runs_of_kind(drafts):
            row_ids += self._send_each(group, envelope) if large else self._send_group(group, envelope)
        self._settle_order(envelope)
        return row_ids

    def _send_each(self, drafts: Iterable[Draft], envelope: Envelope) -> list[int]:
        """Store new messages one by one, with their data outside their rows."""
        row_ids = [self._send_large(draft, envelope) for draft in drafts]
        return [row_id for row_id in row_ids if row_id is not None]

    def _send_group(self, drafts: Sequence[Draft], envelope: Envelope) -> list[int]:
        raw = drafts[0].raw is not None
        shared = self._shared(envelope, raw=raw)
        own = ("message_id", "data", "data_bytes") if raw else ("message_id", "data")
        row_ids: list[int] = []
        remaining = iter(drafts)
        for size in _CHUNKS:
            while len(drafts) - len(row_ids) >= size:
                row_ids += self._send_chunk(list(islice(remaining, size)), own, shared)
        return row_ids

    def _send_chunk(self, chunk: list[Draft], own: tuple[str, ...], shared: dict[str, Any]) -> range:
        columns = (*own, *shared)
        prepared = self._prepared.get(statements.insert_rows, columns=columns, own=own, count=len(chunk))
        if chunk[0].raw is None:
            values: Iterator[Any] = chain.from_iterable(map(_ID_AND_TEXT, chunk))
        else:
            values = chain.from_iterable((draft.message_id, _JSON_NULL, draft.raw) for draft in chunk)
        rest = [shared[name] for name in prepared.names[len(own) * len(chunk) :]]
        self._database.execute(prepared.sql, [*values, *rest])
        # Asked of SQLite itself: Python's driver counts no rows of an INSERT that begins with WITH.
        taken, last = self._database.execute("SELECT changes(), last_insert_rowid()").fetchone()
        if taken != len(chunk):
            raise StoreError(f"{len(chunk)} new messages were sent, but the store took {taken} of them")
        return range(last - len(chunk) + 1, last + 1)

    def _insert_of(self, envelope: Envelope, *, raw: bool) -> _Insert:
        """Return the INSERT of an envelope; a sender without options uses one envelope for all its messages."""
        known = self._inserts.get((envelope.app, raw))
        if known is None or known.envelope is not envelope:
            columns = self._shared(envelope, raw=raw) | {"message_id": None, "data": _JSON_NULL}
            if raw:
                columns["data_bytes"] = None
            prepared = self._prepared.get(statements.insert_one, columns=tuple(columns))
            known = self._inserts[envelope.app, raw] = _Insert(envelope, prepared, columns)
        return known

    def _shared(self, envelope: Envelope, *, raw: bool) -> dict[str, Any]:
        """Return the columns that all messages of an envelope and of a kind have in common."""
        columns = envelope_columns(envelope)
        columns.update(created_at=self.now_text, updated_at=self.now_text, created_by=self.who, revision=1)
        if raw:
            columns["content_type"] = envelope.datacontenttype or BINARY_TYPE
        return columns

    def _settle_order(self, envelope: Envelope) -> None:
        if envelope.partition_key is not None:
            self.release([(envelope.app, envelope.partition_key)])
        self.woken.add(envelope.app)

    def _duplicate(self, draft: Draft, envelope: Envelope) -> SentMessage:
        return self._sent_before(self._find(draft, envelope)[0], draft, envelope)

    def _find_archived(self, draft: Draft, envelope: Envelope, known_for: timedelta) -> SentMessage | None:
        """Return the message that was archived under this identity so short a while ago that it still counts."""
        identity = {"message_id": draft.message_id, "app": envelope.app, "source_app": envelope.source_app}
        since = to_text(before(self.now, known_for))
        rows = self.run(statements.find_archived, {**identity, "since": since})
        return self._sent_before(rows[0], draft, envelope) if rows else None

    def _sent_before(self, row: Row, draft: Draft, envelope: Envelope) -> SentMessage:
        held = held_message(row)
        if held.source != (envelope.source or envelope.source_app):
            raise InvalidMessage.of(
                "message_id",
                f"{draft.message_id!r} was sent to {envelope.app!r} with source {held.source!r} before; "
                f"choose another id, or name another source_app",
            )
        return duplicate_of(held, envelope.app, row[0])

    def _find(self, draft: Draft, envelope: Envelope) -> list[Any]:
        """Return the row that holds a message already."""
        identity = {"message_id": draft.message_id, "app": envelope.app, "source_app": envelope.source_app}
        return self.run(statements.find_sent, identity)

    def runs_of_kind(self, drafts: Sequence[Draft]) -> Iterator[tuple[bool, Sequence[Draft]]]:
        """Cut drafts into runs that are all JSON or all bytes, in order, and tell which are large ones."""
        if self.are_small_texts([draft.text for draft in drafts]):
            yield False, drafts
            return
        for (large, _), group in groupby(drafts, key=lambda draft: (self.is_large(draft), draft.raw is None)):
            yield large, list(group)
