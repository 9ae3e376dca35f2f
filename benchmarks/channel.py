"""A measurement in a process of its own, and the few words it exchanges with the one that started it.

Every measurement runs in a fresh interpreter, so that no contender inherits another's imports, heap or
caches. The child says ``ready`` when it has imported what it needs, waits for ``go``, and answers with one
line of JSON.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeAlias

Answer: TypeAlias = dict[str, Any]

REPOSITORY = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60.0


class ChildFailedError(Exception):
    """A child raised, died or took too long; the text says which."""


class Child:
    """The parent's end of one measurement."""

    def __init__(self, role: str, log: Path, **arguments: Any) -> None:
        """Start ``role`` ("module:function" below ``benchmarks``); what it prints goes to ``log``."""
        self.role = role
        self._log = log
        self._lines: queue.Queue[Answer | None] = queue.Queue()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.channel", role, json.dumps(arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=REPOSITORY,
            )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Return once the child waits for ``go``."""
        self._next("ready", START_LIMIT_S)

    def go(self) -> None:
        """Let the child begin."""
        self._say("go")

    def stop(self) -> None:
        """Set the child's ``stopped`` event."""
        self._say("stop")

    def kill(self) -> None:
        """Kill the child as ``kill -9`` does, and wait until it is gone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def result(self, limit_s: float) -> Answer:
        """Return the child's answer and wait for its end. Kills it if it has none within ``limit_s``."""
        try:
            answer: Answer = self._next("result", limit_s)
        finally:
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
        return answer

    def _read(self) -> None:
        for line in self._stream(self._process.stdout):
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _say(self, word: str) -> None:
        stdin = self._stream(self._process.stdin)
        try:
            stdin.write(f"{word}\n".encode())
            stdin.flush()
        except BrokenPipeError:
            pass  # It ended by itself; result() says how.

    def _next(self, word: str, limit_s: float) -> Any:
        try:
            answer = self._lines.get(timeout=limit_s)
        except queue.Empty:
            self.kill()
            raise ChildFailedError(f"{self.role}: no {word} within {limit_s:.0f} s") from None
        if answer is None:
            self._process.wait()
            raise ChildFailedError(f"{self.role} ended with {self._process.returncode}: {self._last_words()}")
        if word not in answer:
            raise ChildFailedError(str(answer.get("error", answer)))
        return answer[word]

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None
        return stream


class Channel:
    """The child's end."""

    def __init__(self) -> None:
        """Keep the real standard output for answers; whatever a library prints goes to the log."""
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self._go = threading.Event()
        self.stopped = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def ready(self) -> None:
        """Say that the imports are done, and return at ``go``."""
        self.answer(ready=True)
        self._go.wait()

    def answer(self, **words: Any) -> None:
        """Send one line to the parent."""
        self._out.write(json.dumps(words) + "\n")

    def _listen(self) -> None:
        for line in sys.stdin:
            (self._go if line.strip() == "go" else self.stopped).set()
        self._go.set()  # The parent is gone: end as soon as may be.
        self.stopped.set()


def run(role: str, log: Path, *, limit_s: float, **arguments: Any) -> Answer:
    """Run one role from start to end and return its answer."""
    child = Child(role, log, **arguments)
    child.wait_ready()
    child.go()
    return child.result(limit_s)


def main() -> None:
    """Be a child: run the role named on the command line."""
    channel = Channel()
    try:
        module, _, name = sys.argv[1].partition(":")
        role: Callable[..., Answer] = getattr(import_module(f"benchmarks.{module}"), name)
        channel.answer(result=role(channel, **json.loads(sys.argv[2])))
    except BaseException as error:
        traceback.print_exc()
        channel.answer(error=f"{type(error).__name__}: {error}"[:500])
        raise


if __name__ == "__main__":
    main()
