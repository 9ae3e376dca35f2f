"""Takes files in through a hub, in processes that are killed, each at another step.

Called with the folder of a configuration; for each number on a line of standard input it forks a process that takes in
what is there and kills itself at that step (0: never), and answers with the name of the step, empty if there was none.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crossdock.adapters.file import inbound
from crossdock.app.hub import Hub
from crossdock.config.loading import load
from crossdock.durable_files import FileSystem
from crossdock.hub.received import Received
from tests.adapters.file.forking import fork_for_each_line

STEPS = ("make_folder", "create", "sync", "rename", "rename_new", "remove")
OURS = {".owner", ".released"}
TIME_LIMIT_S = 60.0


class Done:
    """Is set when nothing is left in the inbox, and nothing is claimed."""

    def __init__(self, folder: Path) -> None:
        self._folders = folder / "data" / "imports", folder / "data" / "claimed"
        self._until = time.monotonic() + TIME_LIMIT_S

    def is_set(self) -> bool:
        left = (path for folder in self._folders for path in folder.rglob("*"))
        try:
            nothing = all(path.is_dir() or path.name in OURS for path in left)
        except FileNotFoundError:  # a folder that was being listed is gone: somebody is at work
            nothing = False
        return time.monotonic() > self._until or nothing


class Counter:
    """Kills this process at a step, having told its name."""

    def __init__(self, at: int, answer: int) -> None:
        self._left = at
        self._answer = answer

    def __call__(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            os.write(self._answer, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)


def stepping(step: Callable[[str], None]) -> FileSystem:
    """Return a file system that stops before each step; behind each is before the next."""

    class Stepping(FileSystem):
        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name not in STEPS:
                return found

            def stopping(*arguments: Any) -> Any:
                paths = [one for one in arguments if isinstance(one, Path)]
                step(f"{name} {paths[-1].name}")
                return found(*arguments)

            return stopping

    return Stepping()


def work(folder: Path, step: Callable[[str], None]) -> None:
    """Take in what is there, killed on the way."""
    files = stepping(step)
    real_file_system, real_call, real_stored = (
        inbound.FileSystem,
        Received.__call__,
        inbound.FileInboundAdapter.stored,
    )
    inbound.FileSystem = lambda: files  # type: ignore[misc, assignment]

    def stored_in_store(self: Received, tx: Any) -> Any:
        step("before the commit")
        return real_call(self, tx)

    async def told(self: Any, chunk: Any, positions: Any, refused: Sequence[Any]) -> None:
        step("before the acknowledgement")
        await real_stored(self, chunk, positions, refused)
        step("after the acknowledgement")

    Received.__call__ = stored_in_store  # type: ignore[method-assign]
    inbound.FileInboundAdapter.stored = told  # type: ignore[method-assign]
    assert real_file_system is FileSystem
    with Hub(load(str(folder / "crossdock.toml"), environ={})) as hub:
        asyncio.run(hub.serve(stop=Done(folder)))


def killed(line: str, answer: int) -> None:
    """Do what a line says."""
    folder, at = line.rsplit(" ", 1)
    work(Path(folder), Counter(int(at), answer))


if __name__ == "__main__":
    fork_for_each_line(killed)
