"""What can be said of a folder whose files are taken in."""

from __future__ import annotations

import codecs
from datetime import timedelta
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from crossdock.adapters.file.tree import stage_setting
from crossdock.config.table import Duration, Expected, Explained, Table, distinct, positive

DEFAULT_MARKER: Final = ".done"
DEFAULT_SETTLE: Final = timedelta(seconds=5)


def _plain_pattern(text: str) -> str:
    if not text or "/" in text:
        raise ValueError(text)
    return text


def _text_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        codecs.getincrementaldecoder(name)
        if not known._is_text_encoding:  # noqa: SLF001 - nothing public tells
            raise ValueError(name)
    except LookupError as error:
        raise ValueError(name) from error
    return known.name


def _suffix(text: str) -> str:
    if not text.startswith(".") or "/" in text or text in {".", ".."}:
        raise ValueError(text)
    return text


def _one_character(text: str) -> str:
    if len(text) != 1 or text in "\r\n":
        raise ValueError(text)
    return text


def _quote(text: str) -> str:
    return text if not text else _one_character(text)


Pattern: TypeAlias = Annotated[
    str, AfterValidator(_plain_pattern), Expected('a pattern of file names, such as "*.csv"')
]
Encoding: TypeAlias = Annotated[
    str,
    AfterValidator(_text_encoding),
    Expected('an encoding that Python knows, such as "latin-1" or "cp1252"'),
]
Interval: TypeAlias = Annotated[
    Duration, AfterValidator(positive), Expected('a duration of more than 0, such as "1s"')
]


class FileInbound(Table):
    """Takes files in that others put into a folder."""

    file: Annotated[
        str, Field(min_length=1), AfterValidator(stage_setting), Expected('a folder, such as "data/imports"')
    ] = Field(
        description="The folder, `<root>/<stage>`. Beside it, in the root, are `claimed`, `archive` and `errors`."
    )
    pattern: Pattern = Field(
        default="*",
        description="Which files are meant; `*.csv` means `*.csv.gz`, too. Others are left alone.",
    )
    split: Annotated[Literal["rows", "file"], Expected('"rows" or "file"')] = Field(
        default="rows",
        description="rows: a message for each row of CSV, line of JSON Lines or element of a JSON array. file: one "
        "message; its data is the JSON value, the list of rows, or the bytes of any other file.",
    )
    format: Annotated[Literal["csv", "json", "jsonl"], Expected('"csv", "json" or "jsonl"')] | None = Field(
        default=None,
        description="What the files are. Unset: their names tell (.csv, .json, .jsonl, .ndjson).",
    )
    arrival: Annotated[
        Literal["manifest", "done-marker", "stable"], Expected('"manifest", "done-marker" or "stable"')
    ] = Field(
        default="manifest",
        description="How one knows that a file is whole. manifest: its `.meta.json` is there. done-marker: a file of "
        "its name and `marker` is there. stable: its size and time have not changed for `settle`.",
    )
    marker: Annotated[str, AfterValidator(_suffix), Expected('a suffix such as ".done"')] = Field(
        default=DEFAULT_MARKER, description="What the name of a done marker has behind that of its file."
    )
    settle: Interval = Field(
        default=DEFAULT_SETTLE, description="How long a file must not have changed (arrival: stable)."
    )
    every: Interval = Field(
        default=timedelta(seconds=1), description="How often the folder is looked at when nothing waits."
    )
    encoding: Encoding | None = Field(
        default=None,
        description="Of the text. Unset: UTF-8, or UTF-16 or UTF-32 if the file begins with its mark.",
    )
    delimiter: (
        Annotated[str, AfterValidator(_one_character), Expected('one character, such as ";" or "\\t"')] | None
    ) = Field(
        default=None,
        description="What stands between the fields of CSV. Unset: a comma, and a file whose first line only `;`, `|` "
        "or a tab would part is set aside.",
    )
    quote: Annotated[str, AfterValidator(_quote), Expected('one character, or "" for none')] = Field(
        default='"', description="What stands around a field of CSV; twice for itself."
    )
    columns: (
        Annotated[
            list[str],
            AfterValidator(distinct),
            Expected('an array of different names, such as ["id", "amount"]'),
        ]
        | None
    ) = Field(default=None, description="The columns of CSV. Unset: the first line names them.")
    schemas: Annotated[str, Field(min_length=1), Expected('a folder, such as "schemas"')] | None = Field(
        default=None,
        description="A folder with JSON Schemas: `<schema_version>.json` for what a manifest names. Needs the extra "
        "`schemas`.",
    )
    type: Annotated[str, Field(min_length=1), Expected('text such as "order.placed"')] | None = Field(
        default=None, description="The type of the messages."
    )
    partition_key: Annotated[str, Field(min_length=1), Expected("the name of a column")] | None = Field(
        default=None,
        description="The column, or key of the JSON object, whose value is the partition key of the message.",
    )

    @model_validator(mode="after")
    def _only_what_fits(self) -> Self:
        if (self.delimiter or ",") == self.quote:
            raise Explained(
                f"delimiter and quote are both {self.quote!r}; give one of them another character"
            )
        return self
