"""Forks a process for each line of standard input, which does its work and may kill itself on the way."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable


def fork_for_each_line(work: Callable[[str, int], None]) -> None:
    """Answer each line with the name of the step at which its process was killed; empty: it came to its end before.

    Args:
        work: Is given the line, and where to write the name of the step before the process kills itself.
    """
    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                work(line, writing)
                status = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(status)
        os.close(writing)
        name = os.read(reading, 1000).decode()
        os.close(reading)
        _, status = os.waitpid(pid, 0)
        if not name and status:
            raise SystemExit(f"{line.strip()}: ended with {status}")
        sys.stdout.write(name + "\n")
        sys.stdout.flush()
