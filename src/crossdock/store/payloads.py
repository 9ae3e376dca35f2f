"""The claim check: large data lies outside its row, once for all rows that have it.

A payload is named by its checksum. So the receivers of one message share it without knowing of each other, and what is
read is known to be what was sent. It is stored in the transaction that stores the row, and removed when no row has it:
by whoever removes the last one, or by the archiver, which looks through them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from crossdock.store import statements
from crossdock.store.codec import JSON_IN_BYTES, checksum_of
from crossdock.store.settings import CLAIM_CHECK_BYTES
from crossdock.store.transaction import TransactionCore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.domain.message import Draft

_JSON_NULL: Final = "null"
_LONGEST_CHARACTER: Final = 4
"""Bytes of a character in UTF-8, at most."""


class Payloads(TransactionCore):
    """Keeps large data outside its rows.

    Attributes:
        claim_check_bytes: Data larger than this goes out of its row.
    """

    claim_check_bytes = CLAIM_CHECK_BYTES

    def is_large(self, draft: Draft) -> bool:
        """Tell whether the data of a message goes out of its row."""
        text = draft.text
        if text is not None and len(text) * _LONGEST_CHARACTER <= self.claim_check_bytes:
            return False  # nearly all are told apart here
        return self.is_large_data(text, draft.raw)

    def are_small_texts(self, texts: Sequence[str | None]) -> bool:
        """Tell whether all data is JSON so short that it stays in its row; False: it is to be looked at one by one."""
        longest = self.claim_check_bytes // _LONGEST_CHARACTER
        return (
            bool(texts) and all(texts) and max(map(len, cast("Sequence[str]", texts)), default=0) <= longest
        )

    def is_large_data(self, text: str | None, raw: bytes | None) -> bool:
        """Tell the same of JSON text, or of bytes."""
        limit = self.claim_check_bytes
        if text is None:
            return raw is not None and len(raw) > limit
        return len(text) > limit or (
            len(text) * _LONGEST_CHARACTER > limit and not text.isascii() and len(text.encode()) > limit
        )

    def keep_payload(self, checksum: str, content: bytes) -> None:
        """Make sure that a payload is in the store when the transaction is committed, and stays while rows have it."""
        while not self.run(statements.hold_payload, {"checksum": checksum}):
            given = {"checksum": checksum, "data": content, "now": self.now_text}
            if self.run(statements.insert_payload, given):
                break

    def drop_payloads(self, checksums: Iterable[str | None]) -> None:
        """Remove those of these payloads that no row has any more."""
        for checksum in dict.fromkeys(checksums):
            # Asked first, apart: the second statement sees the rows of those who let go of it meanwhile.
            if checksum is not None and self.run(statements.seize_payload, {"checksum": checksum}):
                self.run(statements.drop_payload, {"checksum": checksum})


def missing_text(app: str, message_id: str, checksum: str) -> str:
    """Say of a message that its payload is not there, and what to do."""
    return (
        f"message {message_id} of {app}: its payload {checksum} is missing; send the same data again, or give the "
        f"message other data (crossdock message edit), or restore a backup"
    )


def columns_outside(text: str | None, raw: bytes | None) -> tuple[dict[str, Any], bytes]:
    """Return the columns of a row whose data lies outside, and the bytes that lie there."""
    data, content = (JSON_IN_BYTES, text.encode()) if text is not None else (_JSON_NULL, raw or b"")
    return {"data": data, "payload": checksum_of(content)}, content
