"""Delivers the waiting rows of a table again and again, each time in a process that is killed at another step.

Called with a folder and settings as JSON; for each number on a line of standard input it forks a process, which kills
itself at that step, and answers with the step's name, or with an empty line if the process came to its end before.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.adapters.file.case import StepFiles, Table, adapter, deliver
from tests.adapters.file.forking import fork_for_each_line


def killer(at: int, tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return what kills this process when it is called for that time, counted from 0."""
    steps = iter(range(at + 1))

    def step(name: str) -> None:
        if next(steps, None) == at:
            tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    return step


async def work(folder: Path, settings: dict[str, Any], step: Callable[[str], None]) -> None:
    """Deliver what waits, all together."""
    table = Table(folder / "table.json")
    to = adapter(folder, StepFiles(step), **settings)
    await to.connect()
    await deliver(to, table, table.waiting(), step)
    await to.close()


def child(folder: Path, settings: dict[str, Any], at: int, answer: int) -> None:
    """Do the work, killed on the way."""
    asyncio.run(work(folder, settings, killer(at, lambda name: (os.write(answer, name.encode()), None)[1])))


def main() -> None:
    """Fork as often as asked."""
    settings = json.loads(sys.argv[1])

    def killed(line: str, answer: int) -> None:
        folder, at = json.loads(line)
        child(Path(folder), settings, at, answer)

    fork_for_each_line(killed)


if __name__ == "__main__":
    main()
