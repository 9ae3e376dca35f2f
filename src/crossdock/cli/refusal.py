"""The command's own way to say no."""

from __future__ import annotations

from crossdock.cli.exit_codes import ExitCode


class Refusal(Exception):
    """The command cannot go on; the rim prints the sentence and exits with the code.

    Args:
        sentence: What was tried, and the next step.
        code: For the shell.
    """

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(sentence)
        self.code = code
