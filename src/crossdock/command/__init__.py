"""For applications that bring a command of their own: it looks, answers and fails as ``crossdock`` does."""

from crossdock.cli.bundles import bundled
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command, new_group, show_help_alone
from crossdock.cli.human import ago, printable
from crossdock.cli.lazy import LazyGroup
from crossdock.cli.program import Program
from crossdock.cli.refusal import Refusal
from crossdock.cli.reloading import ask_to_reload
from crossdock.cli.rim import run
from crossdock.cli.terminal import can_ask, flush, hint, progress, say, say_json, tell
from crossdock.domain.wording import counted

__all__ = [
    "ExitCode", "LazyGroup", "Program", "Refusal", "ago", "ask_to_reload", "bundled", "can_ask", "counted", "described",
    "flush", "hint", "new_command", "new_group", "printable", "progress", "run", "say", "say_json", "show_help_alone",
    "tell",
]  # fmt: skip
