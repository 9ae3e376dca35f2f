"""The keys of ``outbound = { process = … }`` and ``inbound = { process = … }``."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from crossdock.adapters.process.arguments import template_issue
from crossdock.adapters.process.exit_codes import Meaning
from crossdock.config.model import Count, Timeout
from crossdock.config.table import Duration, Expected, Explained, Size, Table

_HIGHEST_EXIT_CODE = 255
MiB = 1024**2
_MEANINGS = '"delivered", "transient", "permanent", "invalid", "rate-limited", "credential" or "unavailable"'


def _command(command: list[str]) -> list[str]:
    if not command or not command[0]:
        raise ValueError(command)
    return command


def _templates(command: list[str]) -> list[str]:
    for text in command[1:]:
        if issue := template_issue(text):
            raise Explained(f"argument {text!r}: {issue}")
    return command


def _exit_codes(given: Any) -> Any:
    """Read the keys of TOML, which are text, as the numbers that they write."""
    if not isinstance(given, dict):
        return given
    return {
        int(key) if isinstance(key, str) and key.isdecimal() else key: value for key, value in given.items()
    }


Command: TypeAlias = Annotated[
    list[str],
    AfterValidator(_command),
    Expected('an array with a program and its arguments, such as ["python3", "enrich.py", "{id}"]'),
]
ExitCode: TypeAlias = Annotated[
    int, Field(ge=0, le=_HIGHEST_EXIT_CODE), Expected("an exit code from 0 to 255")
]
ExitCodes: TypeAlias = Annotated[
    dict[ExitCode, Annotated[Meaning, Expected(_MEANINGS)]],
    BeforeValidator(_exit_codes),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
    Expected(
        'a table of exit codes from 0 to 255 and what they mean, such as { 65 = "invalid", 3 = "transient" }'
    ),
]
Text: TypeAlias = Annotated[str, Expected("text")]
Environment: TypeAlias = Annotated[
    dict[str, Text], Expected('a table of variables, such as { LANG = "C.UTF-8" }')
]


class _Program(Table):
    """What holds for programs in both directions."""

    process: Command = Field(description="The program and its arguments; no shell reads them.")
    folder: Annotated[str, Expected("a folder")] | None = Field(
        default=None,
        description="Where the program runs; a relative one counts from the folder of this file, which is the default.",
    )
    environment: Environment = Field(
        default={}, description="Variables that the program gets beside those of Crossdock itself."
    )
    memory: Size | None = Field(
        default=None, description="So much address space the program may take. Unset: no limit."
    )
    cpu: Timeout | None = Field(
        default=None,
        description="So much processor time the program may spend, in whole seconds. Unset: no limit.",
    )
    files: Count | None = Field(
        default=None,
        description="So many files the program may have open. Unset: the limit of Crossdock itself.",
    )
    max_output: Size = Field(
        default=16 * MiB,
        description="A program that writes more in one run, or in one line, is killed.",
    )
    start: Timeout = Field(
        default=timedelta(seconds=10),
        description="With mode rpc: a program that has not answered initialize by then is killed.",
    )
    grace: Duration = Field(
        default=timedelta(seconds=2),
        description=(
            "A program that is to end and stays longer than this is killed. With mode run it is killed at once."
        ),
    )

    def limits(self) -> dict[str, int]:
        """Return the limits by the names of ``resource``."""
        wanted = {
            "RLIMIT_AS": self.memory,
            "RLIMIT_CPU": None if self.cpu is None else math.ceil(self.cpu.total_seconds()),
            "RLIMIT_NOFILE": self.files,
        }
        return {name: value for name, value in wanted.items() if value is not None}


class ProcessOutbound(_Program):
    """Hands messages to a program."""

    process: Annotated[Command, AfterValidator(_templates)] = Field(
        description=(
            "The program and its arguments; no shell reads them. In mode run an argument may take something from the "
            "message: {id}, {source}, {type}, {subject}, {partitionkey}, {correlationid}, {app}, {attempt}, or a "
            "field of its data such as {data.order}."
        )
    )
    mode: Annotated[Literal["run", "rpc"], Expected('"run" or "rpc"')] = Field(
        default="run",
        description="run: one run for each message. rpc: programs that stay, and speak JSON-RPC 2.0 by lines.",
    )
    input: Annotated[Literal["data", "event", "none"], Expected('"data", "event" or "none"')] = Field(
        default="data",
        description="Standard input of a run: the data (JSON, or bytes as they are), the whole CloudEvent, or nothing.",
    )
    output: Annotated[
        Literal["json", "jsonl", "text", "ignore"], Expected('"json", "jsonl", "text" or "ignore"')
    ] = Field(
        default="json",
        description="What a run answers: one JSON value, one in each line, its text, or nothing.",
    )
    exit_codes: ExitCodes = Field(
        default={},
        description=(
            "What exit codes of a run mean: delivered, transient, permanent, invalid, rate-limited, credential (the "
            "queue pauses) or unavailable (tried again, nothing spent). Default: those of sysexits.h."
        ),
    )
    workers: Count | None = Field(
        default=None,
        description="With mode rpc: at most so many programs in each worker process; concurrency unless set.",
    )

    @model_validator(mode="after")
    def _fits_mode(self) -> Self:
        """Refuse keys that would be without effect."""
        others = {"run": {"workers", "start", "grace"}, "rpc": {"input", "output", "exit_codes"}}[self.mode]
        if idle := sorted(others & self.model_fields_set):
            raise Explained(f"{', '.join(idle)}: without effect with mode {self.mode!r}; leave out")
        if self.mode == "rpc" and any("{" in text for text in self.process[1:]):
            raise Explained("an argument cannot take anything from a message with mode 'rpc'")
        return self


class ProcessInbound(_Program):
    """Takes messages in from a program."""

    mode: Annotated[Literal["lines", "rpc"], Expected('"lines" or "rpc"')] = Field(
        default="lines",
        description=(
            "lines: each line that it writes is a message, data or a CloudEvent in JSON. rpc: it speaks JSON-RPC 2.0 "
            "by lines, and is told what is stored."
        ),
    )
    every: Timeout | None = Field(
        default=None,
        description=(
            "A program that has ended in good order is started again so long after its last start. Unset: then there "
            "is nothing more to come."
        ),
    )
    rejected: Annotated[str, Expected("a file")] | None = Field(
        default=None,
        description=(
            "The file for lines that are no messages; a relative one counts from the folder of this file. Default: "
            "<app>.rejected.jsonl"
        ),
    )

    @model_validator(mode="after")
    def _fits_mode(self) -> Self:
        """Refuse keys that would be without effect."""
        idle = sorted({"lines": {"start"}, "rpc": {"rejected"}}[self.mode] & self.model_fields_set)
        if idle:
            raise Explained(f"{', '.join(idle)}: without effect with mode {self.mode!r}; leave out")
        return self
