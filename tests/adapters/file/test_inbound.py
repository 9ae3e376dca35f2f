"""The adapter's face to the event loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.file.inbound import FileInboundAdapter, FileReceipt
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected
from crossdock.domain.json_texts import JsonTexts
from crossdock.domain.message import Message
from crossdock.durable_files import FileSystem
from crossdock.ports.inbound import Refusal
from tests.adapters.file.inbox import Inbox, values
from tests.adapters.file.test_taking import THREE_CHUNKS, numbers, rows


async def take(
    inbox: Inbox, adapter: FileInboundAdapter, count: int, *, refused: tuple[int, ...] = ()
) -> list[FileReceipt]:
    """Store so many receipts, as the endpoint does."""
    found = []
    for _ in range(count):
        receipt = await adapter.receive()
        refusals = [Refusal(place, InvalidMessage.of("data", "refused")) for place in refused]
        inbox.keep(
            [one for at, one in enumerate(values(receipt.items)) if at not in refused], receipt.positions
        )
        await receipt.ack(refusals)
        found.append(receipt)
    return found


async def idle(adapter: FileInboundAdapter) -> None:
    """Let the adapter look once more, and find nothing."""
    waiting = asyncio.ensure_future(adapter.receive())
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    waiting.cancel()
    await asyncio.wait([waiting])


def test_columns_type_and_partition_key_are_set(tmp_path: Path) -> None:
    inbox = Inbox(
        tmp_path, columns=["id", "customer"], delimiter=";", type="order.placed", partition_key="customer"
    )
    inbox.drop("a.csv", "1;x\n2;\n3;y\n")

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.connect({})
        await take(inbox, adapter, 1)
        await idle(adapter)
        await adapter.close()

    asyncio.run(main())
    assert [(one.data["id"], one.type, one.partitionkey, one.subject, one.source) for one in inbox.stored.items] == [
        ("1", "order.placed", "x", "a.csv", "importer"), ("3", "order.placed", "y", "a.csv", "importer"),
    ]  # fmt: skip
    assert all(isinstance(one, Message) for one in inbox.stored.items)
    [bad] = inbox.rejected("a_rejected.jsonl")
    assert (bad["row"], bad["field"]) == (2, "customer")
    assert bad["issue"] == "must not be empty, and the partition key is to be read from it"


def test_rows_are_plain_data_of_one_envelope(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, type="row")
    inbox.drop("é.csv", rows(3))

    async def main() -> FileReceipt:
        adapter = inbox.adapter()
        await adapter.connect({})
        [receipt] = await take(inbox, adapter, 1)
        await adapter.close()
        return receipt

    receipt = asyncio.run(main())
    assert receipt.items == JsonTexts(['{"n":"0"}', '{"n":"1"}', '{"n":"2"}'])
    assert receipt.options == {"type": "row", "subject": "é.csv"}


def test_cancelled_receive_loses_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(9000) + "1,2\n")

    async def main() -> int:
        adapter = inbox.adapter()
        await adapter.connect({})
        cancelled = 0
        while len(inbox.stored.items) < 9000:
            waiting = asyncio.ensure_future(adapter.receive())
            await asyncio.wait([waiting], timeout=0 if cancelled % 3 else 0.0005)
            if waiting.cancel():
                cancelled += 1
                await asyncio.wait([waiting])
                continue
            receipt = waiting.result()
            if cancelled % 2:
                await receipt.nack(InterruptedError())
                cancelled += 1
                continue
            inbox.keep(receipt.items, receipt.positions)
            await receipt.ack()
        await idle(adapter)
        await adapter.close()
        return cancelled

    assert asyncio.run(main())
    assert numbers(inbox) == list(range(9000))
    assert [row["row"] for row in inbox.rejected("a_rejected.jsonl")] == [9001]


def test_refused_rows_are_set_aside_by_their_numbers(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "n\n0\nx,y\n1\n2\n" + rows(CHUNK_ROWS + 400)[2:])

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.connect({})
        await take(inbox, adapter, 1, refused=(0, 2))
        await take(inbox, adapter, 1)
        await idle(adapter)
        await adapter.close()

    asyncio.run(main())
    assert [row["row"] for row in inbox.rejected("a_rejected.jsonl")] == [2, 1, 4]
    taken = inbox.archived("a.meta.json")["taken"]
    assert (taken["rows"], taken["sent"], taken["set_aside"]) == (CHUNK_ROWS + 404, CHUNK_ROWS + 401, 3)


def test_loop_is_free_while_a_file_is_read(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    class Slow(FileSystem):
        def rename_new(self, source: Path, target: Path) -> None:
            begun.set()
            assert go_on.wait(20)
            super().rename_new(source, target)

    inbox.files = Slow()
    inbox.drop("a.csv", rows(1))

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.connect({})
        waiting = asyncio.ensure_future(adapter.receive())
        while not begun.is_set():  # noqa: ASYNC110 - it is set in a thread
            await asyncio.sleep(0)
        go_on.set()
        receipt = await waiting
        inbox.keep(receipt.items, receipt.positions)
        await receipt.ack()
        await adapter.close()

    asyncio.run(main())
    assert numbers(inbox) == [0]


def test_disk_that_fails_is_a_link_that_is_gone(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)

    class Failing(FileSystem):
        fails = True

        def rename_new(self, source: Path, target: Path) -> None:
            if self.fails:
                raise OSError(5, "Input/output error", str(source))
            super().rename_new(source, target)

    inbox.files = files = Failing()
    inbox.drop("a.csv", rows(1))

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.connect({})
        for _ in range(2):
            with pytest.raises(NotConnected, match="Input/output error; it is tried again"):
                await adapter.receive()
            await adapter.connect({})
        files.fails = False
        await take(inbox, adapter, 1)
        await adapter.close()

    asyncio.run(main())
    assert numbers(inbox) == [0]


def test_finishing_ends_with_the_file_that_was_begun(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(THREE_CHUNKS))
    inbox.drop("b.csv", rows(5))

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.connect({})
        await take(inbox, adapter, 1)
        await adapter.finish()
        await take(inbox, adapter, 2)
        with pytest.raises(EndOfInput):
            await adapter.receive()
        await adapter.close()

    asyncio.run(main())
    assert numbers(inbox) == list(range(THREE_CHUNKS))
    assert [path for path in inbox.tree() if path.startswith("imports")] == [
        "imports/b.csv",
        "imports/b.meta.json",
    ]


def test_closing_lets_go_and_may_be_done_at_any_time(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(THREE_CHUNKS))

    async def main() -> None:
        adapter = inbox.adapter()
        await adapter.close()
        await adapter.connect({})
        await take(inbox, adapter, 1)
        receipt: Any = await adapter.receive()
        assert receipt.items[0] == f'{{"n":"{CHUNK_ROWS}"}}'
        await receipt.nack(InterruptedError())
        await adapter.close()
        await adapter.close()

    asyncio.run(main())
    inbox.alive.add("worker/boot-0")
    inbox.boot += 1
    inbox.take()
    assert numbers(inbox) == list(range(THREE_CHUNKS))
    assert not list((inbox.root / "claimed").iterdir()) or inbox.tree() == [
        "archive/2031-05/a.csv", "archive/2031-05/a.meta.json",
    ]  # fmt: skip
