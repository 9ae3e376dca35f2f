"""Sets up the log of a process that works: one line for each event, written whole, to standard error.

Only the commands that work call this. A program that uses Crossdock as a library sets up ``logging`` as it likes.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Any

from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import ProcessorFormatter

from crossdock.monitoring.lines import Facts, said_to_a_person, shortened
from crossdock.monitoring.redaction import redactor
from crossdock.monitoring.settings import LogSettings
from crossdock.ports.notice import LOGGER


def set_up(settings: LogSettings) -> None:
    """Let everything that this process logs, whoever does, become lines on standard error; safe to call twice."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, LineHandler)]:
        root.removeHandler(handler)
    root.addHandler(LineHandler(settings))
    root.setLevel(settings.level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)  # it tells of its selector at debug
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_death


class LineHandler(logging.Handler):
    """Writes each line with one call of the system, so that those of several processes do not run into each other.

    Linux keeps the lines of a pipe apart up to 4 KiB, and those of a file at any length.
    """

    def __init__(self, settings: LogSettings) -> None:
        super().__init__()
        self.settings = settings
        self.setFormatter(_formatter(settings))
        self._fd = sys.stderr.fileno()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; what cannot be written is left out, since there is nobody to tell."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        except Exception as error:  # noqa: BLE001 - somebody's object cannot be shown; the line must not be lost
            line = f'{{"level":"error","event":"log.failed","text":"{type(error).__name__}"}}\n'.encode()
        with suppress(OSError):
            while line:
                line = line[os.write(self._fd, line) :]


def _formatter(settings: LogSettings) -> ProcessorFormatter:
    """Return what makes a line of a record: facts, traceback, no secrets, not too long, as JSON or for a person."""
    redact = redactor(settings.secrets)
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    return ProcessorFormatter(
        processors=[
            Facts(settings.process),
            format_exc_info,
            lambda _logger, _method, facts: redact(facts),
            shortened,
            said_to_a_person() if as_text else JSONRenderer(ensure_ascii=False, separators=(",", ":")),
        ],
    )


def _log_death(died: Any) -> None:
    """Log what a thread died of, in place of the traceback that Python would write."""
    thread = "a thread" if died.thread is None else died.thread.name
    logging.getLogger(LOGGER).error(
        "thread.died: %s: %s",
        thread,
        died.exc_value,
        exc_info=(died.exc_type, died.exc_value, died.exc_traceback),
    )
