"""The outer rim of the command: whatever happens inside becomes one clear sentence and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crossdock.cli.exit_codes import ExitCode, code_of
from crossdock.cli.refusal import Refusal
from crossdock.cli.terminal import complain, use_forgiving_encoding
from crossdock.domain.errors import CrossdockError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

DEBUG_VARIABLE = "CROSSDOCK_DEBUG"


class Ended(BaseException):
    """A signal asks us to end; raised wherever the program is, so that everything is closed in good order."""


def run(arguments: Sequence[str]) -> int:
    """Execute a command line and return its exit code; prints what went wrong, never a traceback.

    With ``CROSSDOCK_DEBUG=1`` errors come with their traceback.
    """
    gc.disable()  # imports make much that lives to the end, and the program ends soon
    use_forgiving_encoding()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        return _execute(arguments)
    except Ended:
        return ExitCode.TERMINATED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return ExitCode.BROKEN_PIPE


def _execute(arguments: Sequence[str]) -> int:
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except (CrossdockError, Refusal, OSError) as error:
        if isinstance(error, BrokenPipeError) or os.environ.get(DEBUG_VARIABLE):
            raise
        return _explain(error)
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    from typer import Abort
    from typer.exceptions import TyperException

    from crossdock.cli.application import command

    gc.enable()
    try:
        code: Any = command().main(list(arguments), prog_name="crossdock", standalone_mode=False)
    except TyperException as error:
        return _explain_usage(error)
    except Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


def _explain(error: CrossdockError | Refusal | OSError) -> int:
    match error:
        case Refusal():
            complain(str(error))
            return error.code
        case CrossdockError():
            complain(str(error))
            return code_of(error)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
            return ExitCode.FAILED


def _explain_usage(error: Any) -> int:
    """Say what is wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    path = "crossdock" if context is None else context.command_path
    sentence = error.format_message().rstrip(".")
    complain(f"{sentence[:1].lower()}{sentence[1:]}; see '{path} --help'", name=path)
    return ExitCode.USAGE


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended


def _forget_output() -> None:
    """Let the interpreter flush what is left into nothing, instead of complaining at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
