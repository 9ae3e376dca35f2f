"""The verb *send* on PostgreSQL: one statement for one message, one for many of an envelope, COPY for very many."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreError
from crossdock.domain.message import Draft, Envelope, SentMessage, sent_message
from crossdock.store.codec import JSON_IN_BYTES
from crossdock.store.postgresql.statements import creation, insert_many, next_ids
from crossdock.store.sending import Sending
from crossdock.store.statements.parameters import INSTANTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.postgresql.driver import Database

_FEW: Final = 200
"""From so many messages on, COPY is quicker than a statement with all of them as its parameter."""
_JSON_NULL: Final = "null"
_UNFIT: Final = re.compile(
    r"\\u(?:0000|[dD][89a-fA-F])|(?:^|[:\[,])-?(?:\d+(?:\.\d+)?[eE]\+?\d|0\.0+(?![0-9]))"
)
"""What JSONB cannot hold as it is: the character NUL, half of a surrogate pair, the negative zero, and large numbers
with an exponent, of which it would make integers."""
_EXPONENT: Final = re.compile("[0-9][eE]")
_PIECE: Final = 512
"""So many rows of a COPY are sent at a time: the server takes them in while we write the next."""
_NULL: Final = "\\N"
_BYTES: Final = "\\\\x"


class PostgreSQLSending(Sending):
    """Stores messages.

    Attributes:
        is_repeated: Nobody knows whether the commit of an earlier try took place: what is there already is ours.
    """

    is_repeated = False
    _database: Database

    def send_admitted(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Store one message whatever the depth of its queue; the rest as ``send``."""
        if draft.known_for is not None:
            archived = self._find_archived(draft, envelope, draft.known_for)
            if archived is not None:
                return archived
        if envelope.partition_key is not None:
            self.lock_keys([(envelope.app, envelope.partition_key)])
        if self.is_large(draft):
            row_id = self._send_large(draft, envelope)
        elif draft.text is None or _is_unfit(draft.text):
            row_id = self._insert_bytes(draft, envelope)
        else:
            insert = self._insert_of(envelope, raw=False)
            row_id = self._database.insert(insert.sql, insert.values(draft, self.now_text))
        if row_id is None:
            return self._already_held(draft, envelope)
        self._settle_order(envelope)
        return sent_message(draft, envelope, row_id=row_id, sent_at=self.now)

    def _insert_bytes(self, draft: Draft, envelope: Envelope) -> int | None:
        """Store one message whose data does not go into its column as it is; return its row id."""
        data, raw = _form_of(draft)
        columns = {**self._shared(envelope, raw=draft.raw is not None), "data": data}
        if raw is not None:
            columns["data_bytes"] = raw
        return self._insert_columns(columns, draft)

    def _row_id(self, cursor: Any) -> int | None:
        rows = cursor.fetchall()
        return rows[0][0] if rows else None

    def _already_held(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Return the message that stands where ours was to go."""
        if self.is_repeated:
            row_id, created_by = self._run_creation(draft, envelope)[0]
            if created_by == self.who:
                return sent_message(draft, envelope, row_id=row_id, sent_at=self.now)
        return self._duplicate(draft, envelope)

    def send_many(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Store many messages of one envelope, all with ids made just now; return their row ids, in order."""
        if self.is_repeated and drafts and (known := self._known(drafts, envelope)):
            return known
        return super().send_many(drafts, envelope)

    def send_many_admitted(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Store many new messages whatever the depth of their queue; the rest as ``send_many``."""
        if self.is_repeated and drafts and (known := self._known(drafts, envelope)):
            return known
        if envelope.partition_key is not None:
            self.lock_keys([(envelope.app, envelope.partition_key)])
        row_ids: list[int] = []
        for large, group in self.runs_of_kind(drafts):
            if large:
                row_ids += self._send_each(group, envelope)
            else:
                row_ids += (
                    self._copy(group, envelope) if len(group) >= _FEW else self._insert(group, envelope)
                )
        self._settle_order(envelope)
        return row_ids

    def insert_together(self, drafts: Sequence[Draft], envelope: Envelope) -> dict[str, int]:
        """Store messages of one envelope, all JSON or all bytes, in their order.

        Returns:
            Row ids by message id; those that the app already has are not among them.
        """
        shared = self._shared(envelope, raw=drafts[0].raw is not None)
        prepared = self._prepared.get(insert_many, columns=tuple(shared))
        values = {**shared, "drafts": f"[{','.join(map(_as_json, drafts))}]"}
        found = self._database.execute(prepared.sql, [values[name] for name in prepared.names]).fetchall()
        return {message_id: row_id for row_id, message_id in found}

    def _insert(self, drafts: Sequence[Draft], envelope: Envelope) -> list[int]:
        row_ids = self.insert_together(drafts, envelope)
        if len(row_ids) != len(drafts):
            raise StoreError(
                f"{len(drafts)} new messages were sent, but the store took {len(row_ids)} of them"
            )
        return [row_ids[draft.message_id] for draft in drafts]

    def _copy(self, drafts: Sequence[Draft], envelope: Envelope) -> list[int]:
        row_ids = [row_id for (row_id,) in self.run(next_ids, {"count": len(drafts)})]
        shared = self._shared(envelope, raw=drafts[0].raw is not None)
        head = "\t".join(_field(name, value) for name, value in shared.items())
        lines = (
            f"{head}\t{row_id}\t{_as_line(draft)}\n" for row_id, draft in zip(row_ids, drafts, strict=True)
        )
        pieces = iter(lambda: "".join(islice(lines, _PIECE)), "")
        names = ", ".join((*shared, "id", "message_id", "data", "data_bytes"))
        self._database.copy(f"COPY integration.data_staging ({names}) FROM STDIN", pieces)
        return row_ids

    def _known(self, drafts: Sequence[Draft], envelope: Envelope) -> list[int]:
        """Return the row ids of what an earlier try has stored after all: all of these messages, or none."""
        row_ids: list[int] = []
        for draft in drafts:
            rows = self._run_creation(draft, envelope)
            if not rows:
                return []
            row_ids.append(rows[0][0])
        return row_ids

    def _run_creation(self, draft: Draft, envelope: Envelope) -> list[Any]:
        identity = {"message_id": draft.message_id, "app": envelope.app, "source_app": envelope.source_app}
        return self.run(creation, identity)


def _form_of(draft: Draft) -> tuple[str, bytes | None]:
    return (_JSON_NULL, draft.raw) if draft.text is None else storable(draft.text)


def storable(text: str) -> tuple[str, bytes | None]:
    """Return what stands in ``data`` and in ``data_bytes`` for data that is JSON."""
    return (JSON_IN_BYTES, text.encode()) if _is_unfit(text) else (text, None)


def _is_unfit(text: str) -> bool:
    """Tell whether JSONB would change this JSON; most text needs no closer look, which takes several times as long."""
    suspicious = "\\u" in text or "0.0" in text or _EXPONENT.search(text) is not None
    return suspicious and _UNFIT.search(text) is not None


def _as_json(draft: Draft) -> str:
    """Return a message as ``insert_many`` takes it: an array of id, data and the bytes in hexadecimal."""
    data, raw = _form_of(draft)
    octets = "null" if raw is None else f'"{raw.hex()}"'
    return f"[{json.dumps(draft.message_id)},{data},{octets}]"


def _as_line(draft: Draft) -> str:
    """Return a message as COPY takes it. Source: PostgreSQL, "COPY", "Text Format"."""
    data, raw = _form_of(draft)
    return f"{draft.message_id}\t{_escaped(data)}\t{_NULL if raw is None else _BYTES + raw.hex()}"


def _field(name: str, value: Any) -> str:
    text = _escaped(str(value))
    return f"{text}+00" if name in INSTANTS else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\") if "\\" in text else text
