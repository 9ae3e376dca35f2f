"""All workloads by name, in the order of the table of bars."""

from __future__ import annotations

from benchmarks.workloads import on_postgresql
from benchmarks.workloads.calls import Calls
from benchmarks.workloads.crowd import Crowd
from benchmarks.workloads.drain import Drain
from benchmarks.workloads.file_doors import FileIn, FileOut
from benchmarks.workloads.growth import Growth
from benchmarks.workloads.hub_cost import HubCost
from benchmarks.workloads.idle import Idle
from benchmarks.workloads.kill import Kill
from benchmarks.workloads.pairs import Pairs
from benchmarks.workloads.pick_up import PickUp
from benchmarks.workloads.send_bulk import SendBulk
from benchmarks.workloads.send_concurrent import SendConcurrent
from benchmarks.workloads.send_one import SendOne
from benchmarks.workloads.workload import Workload

WORKLOADS: dict[str, type[Workload]] = {
    workload.name: workload
    for workload in (
        SendOne,
        SendBulk,
        SendConcurrent,
        Drain,
        Crowd,
        PickUp,
        Growth,
        Kill,
        Idle,
        HubCost,
        FileIn,
        FileOut,
        Calls,
        Pairs,
        *on_postgresql.ALL,
    )
}
