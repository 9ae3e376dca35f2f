"""What an adapter notes on messages before it hands them over, in the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossdock.domain.message import encode_json
from crossdock.hub.gateway import check_accepted

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed
    from crossdock.ports.store import Store


async def noted_on(store: Store, claimed: Sequence[Claimed]) -> dict[int, Mapping[str, Any]]:
    """Return what is noted, by row.

    Raises:
        StoreError: The store cannot be read.
    """
    row_ids = [one.row_id for one in claimed]
    found = await store.read_async(lambda reader: reader.notes(row_ids))
    return {row_id: noted for row_id, noted in found.items() if isinstance(noted, Mapping)}


async def write_note(store: Store, claimed: Sequence[Claimed], words: Mapping[str, Any]) -> None:
    """Note the same on messages that are worked on.

    Raises:
        LeaseLost: One of them is not ours any more.
        StoreError: The store cannot be written.
    """
    text = encode_json(dict(words), field="note")
    keys = [one.key for one in claimed]
    check_accepted(claimed, await store.write_async(lambda tx: tx.note(keys, text)))
