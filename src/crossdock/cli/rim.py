"""The outer rim of the command: whatever happens inside becomes one clear sentence and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from crossdock.cli.exit_codes import ExitCode, code_of
from crossdock.cli.program import Program
from crossdock.cli.refusal import Refusal
from crossdock.cli.terminal import complain, use_forgiving_encoding
from crossdock.domain.errors import CrossdockError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from typer.exceptions import TyperException

CROSSDOCK: Final = Program("crossdock", "Crossdock", "crossdock.cli.application")
_ENDINGS: Final = ("SIGTERM", "SIGHUP")


class Ended(BaseException):
    """A signal asks us to end; raised wherever the program is, so that everything is closed in good order."""


def run(arguments: Sequence[str], program: Program = CROSSDOCK) -> int:
    """Execute a command line and return its exit code; prints what went wrong, never a traceback.

    With ``CROSSDOCK_DEBUG=1``, or the like of another program, errors come with their traceback.
    """
    gc.disable()  # imports make only what lives to the end; the session enables it when they are done
    use_forgiving_encoding()
    for name in _ENDINGS:
        if hasattr(signal, name):  # Windows has not all of them
            signal.signal(getattr(signal, name), _end)
    try:
        return _execute(arguments, program)
    except Ended:
        return ExitCode.TERMINATED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.BROKEN_PIPE
    finally:
        with suppress(OSError):
            sys.stderr.flush()


def _execute(arguments: Sequence[str], program: Program) -> int:
    try:
        code = _dispatch(arguments, program)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except Exception as error:  # this is the rim: nothing above could say it better
        if os.environ.get(program.debug_variable):
            raise
        return _explain(error, program)
    return code


def _dispatch(arguments: Sequence[str], program: Program) -> int:
    from typer import Abort
    from typer.exceptions import TyperException

    try:
        code: Any = program.command().main(list(arguments), prog_name=program.name, standalone_mode=False)
    except TyperException as error:
        return _explain_usage(error, program)
    except Abort:
        return ExitCode.INTERRUPTED
    except SystemExit as ending:  # Typer's, of a completion, or for a broken pipe
        if isinstance(ending.__context__, BrokenPipeError):
            return ExitCode.BROKEN_PIPE
        code = ending.code
    return code if isinstance(code, int) else ExitCode.OK


def _explain(error: Exception, program: Program) -> int:
    match error:
        case Refusal():
            complain(str(error), name=program.name)
            return error.code
        case CrossdockError():
            complain(str(error), name=program.name)
            return code_of(error)
        case ModuleNotFoundError() if program.extra and _is_library(error.name or ""):
            complain(
                f"{program.title} needs {error.name}; install it with: pip install '{program.extra}'",
                name=program.name,
            )
            return ExitCode.CONFIG
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}", name=program.name)
            return ExitCode.FAILED
        case _:
            complain(
                f"a defect of {program.title}: {type(error).__name__}: {error}; "
                f"{program.debug_variable}=1 shows where",
                name=program.name,
            )
            return ExitCode.FAILED


def _is_library(name: str) -> bool:
    """Tell whether a missing module is all of a library, and not a part of one that is there, such as one of ours."""
    return "." not in name or name.partition(".")[0] not in sys.modules


def _explain_usage(error: TyperException, program: Program) -> int:
    """Say what is wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    path = program.name if context is None else context.command_path
    sentence = _in_our_words(error).rstrip(".").replace(". Did", "; did")
    complain(f"{sentence[:1].lower()}{sentence[1:]} (see '{path} --help')", name=path)
    return ExitCode.USAGE


def _in_our_words(error: TyperException) -> str:
    """Return what is wrong with a command line; of a number that Typer has pydantic check, in words of ours."""
    found: Sequence[Mapping[str, Any]] = getattr(error.__cause__, "errors", list)()
    words = _number_issue(found[0]) if found else None
    sentence = error.format_message()
    return sentence if words is None else sentence.replace(found[0]["msg"], words)


def _number_issue(found: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a number; None: it is something else."""
    given, bounds = found["input"], found.get("ctx", {})
    match found["type"]:
        case "less_than_equal":
            return f"{given} is more than {bounds['le']}"
        case "greater_than_equal":
            return f"{given} is less than {bounds['ge']}"
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"{given!r} is no whole number"
        case "float_parsing":
            return f"{given!r} is no number"
        case _:
            return None


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended
