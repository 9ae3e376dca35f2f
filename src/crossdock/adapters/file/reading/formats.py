"""Which format a file has, and what reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal, TypeAlias

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading.csv_rows import CsvRows, Dialect
from crossdock.adapters.file.reading.json_array import JsonArray
from crossdock.adapters.file.reading.json_lines import JsonLines
from crossdock.adapters.file.reading.json_values import parse
from crossdock.adapters.file.reading.rows import BadRow, Chunk, Place, RowReader, Wanted
from crossdock.adapters.file.reading.stream import open_text
from crossdock.domain.message import MAX_DATA_BYTES

Format: TypeAlias = Literal["csv", "json", "jsonl"]

_BY_SUFFIX: Final[dict[str, Format]] = {
    ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
_PACKED: Final = ".gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the files of a folder are read.

    Attributes:
        split: A message for each row, or one for the whole file.
        format: None: their names tell.
        encoding: None: UTF-8, or what a byte order mark says.
        dialect: Of CSV.
    """

    split: Literal["rows", "file"] = "rows"
    format: Format | None = None
    encoding: str | None = None
    dialect: Dialect = field(default_factory=Dialect)

    def format_of(self, name: str) -> Format | None:
        """Return the format of a file; None: it is nothing that has rows."""
        if self.format is not None:
            return self.format
        plain = name.removesuffix(_PACKED).lower()
        return next((found for suffix, found in _BY_SUFFIX.items() if plain.endswith(suffix)), None)

    def reader(
        self, file: BinaryIO, name: str, place: Place | None = None, wanted: Wanted = Wanted.VALUES
    ) -> RowReader:
        """Return what reads a file that stands at its beginning.

        Args:
            file: Buffered.
            name: Its end tells the format.
            place: Where to go on; None: at the beginning.
            wanted: Of the rows.

        Raises:
            FileFault: It cannot be read.
        """
        if self.split == "file":
            return _Whole(self, file, name, place)
        return self.rows(file, name, place, wanted)

    def rows(
        self, file: BinaryIO, name: str, place: Place | None = None, wanted: Wanted = Wanted.VALUES
    ) -> RowReader:
        """Return what reads the rows of a file.

        Raises:
            FileFault: It cannot be read.
        """
        kind = self.format_of(name)
        if kind is None:
            raise FileFault(
                "format",
                f"{name!r} does not tell what its rows are",
                expected=f"a name that ends in {', '.join(_BY_SUFFIX)}, or one of these and {_PACKED}",
                given=name,
                advice='name the format in the configuration (format = "csv"), or take the file whole (split = "file")',
            )
        text = open_text(file, packed=name.endswith(_PACKED), encoding=self.encoding)
        match kind:
            case "csv":
                return CsvRows(text, self.dialect, place, wanted)
            case "jsonl":
                return JsonLines(text, place)
            case "json":
                return JsonArray(text, place)


class _Whole:
    """Reads a file as one row: all of it, and only if all of it is right."""

    def __init__(self, reading: Reading, file: BinaryIO, name: str, place: Place | None) -> None:
        self._reading = reading
        self._file = file
        self._name = name
        self._done = place is not None and place.rows > 0

    def read(self) -> Chunk | None:
        """Return the file; None: it was returned."""
        if self._done:
            return None
        self._done = True
        return Chunk(begin=Place(), end=Place(1), items=[self._data()])

    def _data(self) -> Any:
        match self._reading.format_of(self._name):
            case None:
                return self._bytes()
            case "json":
                return self._value()
            case "csv" | "jsonl":
                return self._all_rows()

    def _bytes(self) -> bytes:
        content = self._file.read(MAX_DATA_BYTES + 1)
        _check_size(len(content))
        return content

    def _value(self) -> Any:
        packed = self._name.endswith(_PACKED)
        text = open_text(self._file, packed=packed, encoding=self._reading.encoding)
        content = text.read(MAX_DATA_BYTES + 1)
        _check_size(len(content))
        try:
            return parse(content.decode())
        except ValueError as error:
            raise FileFault("json", str(error), expected="one JSON value", advice="mend the file") from error

    def _all_rows(self) -> list[Any]:
        reader = self._reading.rows(self._file, self._name)
        found: list[Any] = []
        size = 0
        while chunk := reader.read():
            if chunk.bad:
                raise _bad_row(chunk.bad[0])
            found += chunk.items
            size += chunk.end.offset - chunk.begin.offset
            _check_size(size)
        return found


def _bad_row(bad: BadRow) -> FileFault:
    field, issue = bad.issues[0]
    return FileFault(
        "rows",
        f"row {bad.row}, on line {bad.line}: {f'{field}: ' if field else ''}{issue}",
        expected="only good rows, since the whole file is one message",
        given=bad.given,
        advice='mend the row, or send each row on its own (split = "rows")',
    )


def _check_size(size: int) -> None:
    if size > MAX_DATA_BYTES:
        raise FileFault(
            "size",
            f"the file is one message, and has more than {MAX_DATA_BYTES} bytes, unpacked",
            expected=f"at most {MAX_DATA_BYTES} bytes",
            given=f"{size} bytes or more",
            advice='send each row on its own (split = "rows"), or give a file of several parts',
        )
