"""The machine that the figures belong to."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "crossdock", "sqlalchemy", "huey", "persist-queue", "litequeue", "dbos", "psycopg", "procrastinate", "pgqueuer",
)  # fmt: skip
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
SYNCS = 200


class WrongDiskError(Exception):
    """The directory is in memory, where durability costs nothing and nothing is durable."""


def describe(directory: Path) -> dict[str, Any]:
    """Describe processor, memory, disk and versions. Raises ``WrongDiskError`` for a directory in memory."""
    device, file_system = mount_of(directory)
    if file_system in IN_MEMORY:
        raise WrongDiskError(f"{directory} is on {file_system}; name a directory on a disk with --directory")
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(_field(Path("/proc/meminfo"), "MemTotal").split()[0]) / 2**20, 1),
        "disk": f"{file_system} on {Path(device).name}",
        "fdatasync_us": round(fdatasync_us(directory)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": _sqlite_versions(),
        "packages": _package_versions(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def mount_of(directory: Path) -> tuple[str, str]:
    """Find the device and the type of the file system that holds a directory."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [one for one in mounts if directory.resolve().is_relative_to(one[1])]
    device, _, file_system, *_ = max(inside, key=lambda one: len(one[1]))
    return device, file_system


def fdatasync_us(directory: Path) -> float:
    """Time one small write made durable: the part of a durable send that no program can save."""
    path = directory / "fdatasync-probe"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    took = []
    for n in range(SYNCS):
        os.pwrite(handle, b"x" * 4096, n * 4096)
        start = time.perf_counter()
        os.fdatasync(handle)
        took.append(time.perf_counter() - start)
    os.close(handle)
    path.unlink()
    return statistics.median(took) * 1e6


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def _sqlite_versions() -> dict[str, str]:
    versions = {"sqlite3": sqlite3.sqlite_version}
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - not on every machine
    except ImportError:
        return versions
    return versions | {"pysqlite3": dbapi2.sqlite_version}


def _package_versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
