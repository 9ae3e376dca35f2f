"""The same workloads among those who keep their queue in PostgreSQL, all on one server, each in its own database."""

from __future__ import annotations

from typing import Final

from benchmarks.contenders import ON_POSTGRESQL, PEERS_ON_POSTGRESQL
from benchmarks.workloads.crowd import Crowd
from benchmarks.workloads.drain import Drain
from benchmarks.workloads.growth import Growth
from benchmarks.workloads.idle import Idle
from benchmarks.workloads.kill import Kill
from benchmarks.workloads.pick_up import PickUp
from benchmarks.workloads.scaling import Scaling
from benchmarks.workloads.send_bulk import SendBulk
from benchmarks.workloads.send_concurrent import SendConcurrent
from benchmarks.workloads.send_one import SendOne

OURS: Final = "crossdock-postgresql"
_WITHOUT_FLOOR: Final = (*PEERS_ON_POSTGRESQL, OURS)


class SendOneOnPostgres(SendOne):
    """Every send returns after its own commit, and only then the next begins."""

    name = "send-one-postgresql"
    title = "PostgreSQL: one durable send at a time"
    contenders = ON_POSTGRESQL
    ours = OURS


class SendBulkOnPostgres(SendBulk):
    """The data is made before the clock starts. psycopg is bare COPY."""

    name = "send-bulk-postgresql"
    title = "PostgreSQL: bulk send"
    contenders = ON_POSTGRESQL
    ours = OURS


class SendConcurrentOnPostgres(SendConcurrent):
    """Threads for all, with a connection each but for Crossdock, whose threads share one queue."""

    name = "send-concurrent-postgresql"
    title = "PostgreSQL: 64 concurrent single senders"
    contenders = ON_POSTGRESQL
    ours = OURS


class DrainOnPostgres(Drain):
    """The floor drains by 100, peers as their worker does at its best batch size, we by ``consume``.

    Each starts from a depth that it can empty in a second or two. A peer's clock stops with its last handler,
    ours when all is settled.
    """

    name = "drain-postgresql"
    title = "PostgreSQL: drain, one process, empty handler"
    contenders = ON_POSTGRESQL
    ours = OURS


class CrowdOnPostgres(Crowd):
    """Producers send singly for some seconds; counted is what came through by the last handler's end."""

    name = "crowd-postgresql"
    title = "PostgreSQL: 4 producers and 4 workers, processes"
    contenders = ON_POSTGRESQL
    ours = OURS


class ScalingOnPostgres(Scaling):
    """Each worker handles one message at a time, for 5 ms: more workers do more, until something stands in the way."""

    name = "scaling-postgresql"
    title = "PostgreSQL: 1 to 4 worker processes, handlers of 5 ms"
    contenders = (OURS,)
    ours = OURS


class PickUpOnPostgres(PickUp):
    """From the moment before the send to the start of the handler: the send's own commit is inside."""

    name = "pick-up-postgresql"
    title = "PostgreSQL: pick-up when idle, across processes"
    contenders = _WITHOUT_FLOOR
    ours = OURS


class GrowthOnPostgres(Growth):
    """Each state has its store, filled once; every round sends, drains and takes a few messages in each."""

    name = "growth-postgresql"
    title = "PostgreSQL: beside a great many messages"
    contenders = ("pgqueuer", "dbos-postgresql", OURS)
    ours = OURS


class KillOnPostgres(Kill):
    """A worker is killed while it hangs in one message of forty; the clock runs until that one runs again."""

    name = "kill-postgresql"
    title = "PostgreSQL: kill -9 of a worker"
    contenders = _WITHOUT_FLOOR
    ours = OURS


class IdleOnPostgres(Idle):
    """The worker's process and all below it: not the server's, nor the keeper of leases, of which a host has one."""

    name = "idle-postgresql"
    title = "PostgreSQL: idle worker"
    contenders = _WITHOUT_FLOOR
    ours = OURS


ALL: Final = (
    SendOneOnPostgres,
    SendBulkOnPostgres,
    SendConcurrentOnPostgres,
    DrainOnPostgres,
    CrowdOnPostgres,
    ScalingOnPostgres,
    PickUpOnPostgres,
    GrowthOnPostgres,
    KillOnPostgres,
    IdleOnPostgres,
)
