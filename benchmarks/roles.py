"""What children of several workloads do: make a store, produce, work; their ledgers are outside the store."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.contenders import load
from benchmarks.payload import Payload, order

if TYPE_CHECKING:
    from benchmarks.channel import Answer, Channel

FIRST_OF_PRODUCER = 10_000_000
"""Producer n numbers its orders from n times this, so that numbers are unique without asking anybody."""


def create(channel: Channel, *, contender: str, directory: str) -> Answer:
    """Make an empty store and report how durable its sessions are."""
    subject = load(contender)
    channel.ready()
    subject.create(Path(directory))
    with closing(subject.open(Path(directory))) as session:
        durability = session.durability()
    return {**asdict(cast("Any", durability)), "is_equal": durability.is_equal}


def fill(channel: Channel, *, contender: str, directory: str, state: str, count: int) -> Answer:
    """Put many messages of one state into a store."""
    subject = load(contender)
    channel.ready()
    start = time.perf_counter()
    subject.fill(Path(directory), state, count)
    return {"seconds": time.perf_counter() - start}


def produce(  # noqa: PLR0913 - as below
    channel: Channel, *, contender: str, directory: str, ledger: str, number: int, seconds: float
) -> Answer:
    """Send one message at a time; write down each acknowledged one and how long it took."""
    subject = load(contender)
    channel.ready()
    errors = 0
    with closing(subject.open(Path(directory))) as session, Path(ledger).open("w") as book:
        opened_s = time.process_time()
        end = time.perf_counter() + seconds
        n = number * FIRST_OF_PRODUCER
        while (start := time.perf_counter()) < end:
            n += 1
            try:
                reference = session.send(order(n))
            except Exception:  # noqa: BLE001 - a refused send is one of the figures
                errors += 1
                continue
            book.write(f"A {n} {time.perf_counter() - start:.6f} {reference or '-'}\n")
    return {"errors": errors, "cpu_s": time.process_time() - opened_s}


def send_slowly(  # noqa: PLR0913 - a child's arguments come by name from JSON
    channel: Channel, *, contender: str, directory: str, ledger: str, samples: int, gap_s: tuple[float, float]
) -> Answer:
    """Send single messages with random gaps, each with the instant at which its send began."""
    subject = load(contender)
    channel.ready()
    chance = random.Random(samples)
    with closing(subject.open(Path(directory))) as session, Path(ledger).open("w") as book:
        for n in range(samples):
            time.sleep(chance.uniform(*gap_s))
            session.send({"order": n, "sent_ns": time.monotonic_ns()})
            book.write(f"A {n} 0 -\n")
    return {"sent": samples}


def work(  # noqa: PLR0913 - as above
    channel: Channel, *, contender: str, directory: str, ledger: str, name: str, poll_s: float
) -> Answer:
    """Be a worker until stopped. Says ``ready`` a second time when its store is open."""
    subject = load(contender)
    channel.ready()
    book = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with closing(subject.open(Path(directory), worker=name)) as session:
        channel.answer(ready=True)
        opened_s = time.process_time()
        session.work(_recorder(book, Path(directory)), channel.stopped, poll_s)
        cpu_s = time.process_time() - opened_s
    os.close(book)
    return {"cpu_s": cpu_s}


def _recorder(book: int, directory: Path) -> Callable[[Payload], None]:
    """Make the handler: it writes the start and the end of each run to a file, past every buffer."""

    def handle(data: Payload) -> None:
        n = data["order"]
        os.write(book, f"S {n} {time.monotonic_ns()} {data.get('sent_ns', 0)}\n".encode())
        if data.get("hang") and _is_first_run(directory / f"hung-{n}"):
            time.sleep(600)  # The parent kills this process in the middle of this message.
        time.sleep(data.get("sleep_s", 0))
        os.write(book, f"E {n} {time.monotonic_ns()} 0\n".encode())

    return handle


def _is_first_run(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
