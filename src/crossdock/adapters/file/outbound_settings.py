"""What can be said of a folder that files are written to."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Final, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from crossdock.adapters.file.naming import EXTS, TYPE_PATTERN, Ext, check_name, is_data
from crossdock.adapters.file.tree import stage_setting
from crossdock.config.table import AppName, Duration, Expected, Explained, Size, Table, distinct, positive
from crossdock.domain.errors import InvalidMessage

DEFAULT_WAIT: Final = timedelta(minutes=1)
MOST_ROWS: Final = 1_000_000
DEFAULT_SIZE: Final = 64 * 1024**2

_OWNER_READS_AND_WRITES: Final = 0o600


def _text_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        "".encode(name)  # some codecs make bytes of bytes
    except LookupError as error:
        raise ValueError(name) from error
    return known.name


def _one_character(text: str) -> str:
    if len(text) != 1 or text in '\r\n"':
        raise ValueError(text)
    return text


def _file_name(text: str) -> str:
    try:
        check_name(text)
    except InvalidMessage as error:
        raise ValueError(text) from error
    if not is_data(text):
        raise ValueError(text)
    return text


def _mode(text: str) -> str:
    if not re.fullmatch("0?[0-7]{3}", text) or int(text, 8) & 0o700 != _OWNER_READS_AND_WRITES:
        raise ValueError(text)
    return text


def _one_of(names: tuple[str, ...]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _encodable(columns: Iterable[str], encoding: str) -> None:
    for column in columns:
        try:
            column.encode(encoding)
        except UnicodeEncodeError as error:
            raise Explained(f"columns: {column!a} cannot be written in {encoding}") from error


Format: TypeAlias = Annotated[Ext, Expected(_one_of(EXTS))]


class FileOutbound(Table):
    """Writes messages to files in a folder, each file with its manifest."""

    file: Annotated[
        str, Field(min_length=1), AfterValidator(stage_setting), Expected('a folder, such as "data/exports"')
    ] = Field(
        description="The folder, `<root>/<stage>`. Files go to a folder of their day in it, "
        "`<YYYY-MM-DD>/<app>_<type>_<YYYY-MM-DD>_<number>.<format>`."
    )
    format: Format = Field(
        default="json",
        description="What the files are. csv: an object is a row. json: the data as it is, or an array of it. jsonl: a "
        "line for each. With `.gz` it is compressed.",
    )
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS), Expected(f"a whole number from 1 to {MOST_ROWS}")] = (
        Field(default=1, description="At most so many messages to a file. 1: each has its own.")
    )
    every: Annotated[
        Duration, AfterValidator(positive), Expected('a duration of more than 0, such as "1m"')
    ] = Field(
        default=DEFAULT_WAIT,
        description="How long the first message of a file waits for others, if `rows` is more than 1.",
    )
    max_size: Annotated[
        Size, Field(ge=1), Expected('a number of bytes of 1 or more, or a size such as "64 MiB"')
    ] = Field(
        default=DEFAULT_SIZE,
        description="A file is closed when the data of its messages has so much, whatever `rows` and `every` say, if "
        "`rows` is more than 1. Memory is a few times that.",
    )
    type: Annotated[
        str, Field(pattern=f"^{TYPE_PATTERN}$"), Expected('letters, digits and "-", such as "report"')
    ] = Field(default="export", description="The second part of the files' names.")
    columns: (
        Annotated[
            list[str],
            AfterValidator(distinct),
            Expected('an array of different names, such as ["id", "amount"]'),
        ]
        | None
    ) = Field(
        default=None,
        description="The columns of CSV; other fields are left out. Unset: all fields of the file's messages, in the "
        "order in which they first appear.",
    )
    delimiter: Annotated[
        str, AfterValidator(_one_character), Expected('one character, such as ";" or "\\t"')
    ] = Field(default=",", description="What stands between the fields of CSV.")
    encoding: Annotated[
        str,
        AfterValidator(_text_encoding),
        Expected('an encoding that Python knows, such as "latin-1" or "utf-8-sig"'),
    ] = Field(default="utf-8", description="Of CSV. JSON is always UTF-8.")
    latest: (
        Annotated[
            str, AfterValidator(_file_name), Expected('the name of a file, such as "todoist_export.json"')
        ]
        | None
    ) = Field(
        default=None,
        description="The name of a copy of the newest file, kept in the folder itself and replaced in one step, its "
        "manifest right after it.",
    )
    schema_version: Annotated[str, Field(min_length=1), Expected('text such as "1.0"')] | None = Field(
        default=None, description="For the manifests: which schema the rows follow."
    )
    next_app: AppName | None = Field(default=None, description="For the manifests: for whom the files are.")
    mode: Annotated[str, AfterValidator(_mode), Expected('a mode such as "0640", the owner\'s part 6')] = (
        Field(
            default="0640",
            description="Of the files, whatever the umask. Whoever may read them may enter the folders that are made; "
            '"0660" lets a program of the same group take files away.',
        )
    )

    @model_validator(mode="after")
    def _only_what_fits(self) -> Self:
        given = self.model_fields_set
        if not self.format.startswith("csv"):
            idle = sorted(given & {"columns", "delimiter", "encoding"})
            if idle:
                raise Explained(f"{idle[0]} is of CSV, and format is {self.format!r}")
        if "every" in given and self.rows == 1:
            raise Explained("every is how long to wait for others, and rows = 1 waits for none")
        if "max_size" in given and self.rows == 1:
            raise Explained("max_size is how much is gathered, and rows = 1 gathers nothing")
        if self.latest is not None and not self.latest.endswith(f".{self.format}"):
            raise Explained(f"latest must end in .{self.format}, as the files do")
        _encodable(self.columns or (), self.encoding)
        return self

    @property
    def file_mode(self) -> int:
        """The mode of files."""
        return int(self.mode, 8)


def folder_mode(file_mode: int) -> int:
    """Return the mode of folders: whoever may read may enter."""
    return file_mode | (file_mode & 0o444) >> 2
