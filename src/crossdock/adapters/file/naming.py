"""The names of exchanged files: ``validator_report_2025-11-24_001.json`` and its ``….meta.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias, get_args

from crossdock.domain.errors import InvalidMessage

Ext: TypeAlias = Literal["csv", "json", "jsonl", "csv.gz", "json.gz", "jsonl.gz"]

EXTS: Final[tuple[Ext, ...]] = get_args(Ext)
MANIFEST_SUFFIX: Final = ".meta.json"
ERROR_SUFFIX: Final = ".error.json"
TYPE_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
LONGEST_NAME: Final = 200
"""Bytes of a name: what we add to hide a file or to tell of its error still fits into the 255 of most file systems."""

_SEQUENCE_DIGITS: Final = 3
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_NAME: Final = re.compile(
    rf"(?P<app>[A-Za-z0-9][A-Za-z0-9._-]{{0,127}})_(?P<type>{TYPE_PATTERN})"
    r"_(?P<date>\d{4}-\d\d-\d\d)_(?P<sequence>\d{3,})"
    rf"\.(?P<ext>{'|'.join(map(re.escape, EXTS))})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What the name of a file says.

    Attributes:
        app: Whose messages these are.
        type: What they are: letters, digits and dashes, so that the parts can be told apart.
        sequence: From 1, within the app, the type and the date.
    """

    app: str
    type: str
    date: date
    sequence: int
    ext: Ext

    def __str__(self) -> str:
        """Write the name."""
        return f"{self.stem}.{self.ext}"

    @property
    def stem(self) -> str:
        """What the file shares with its manifest; one stem is one file, whatever its ext."""
        return f"{self.app}_{self.type}_{self.date:%Y-%m-%d}_{self.sequence:0{_SEQUENCE_DIGITS}}"


def parse_name(text: str) -> FileName | None:
    """Read a name; None: it is not of our form, as those of strangers may be."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["date"])
    except ValueError:
        return None
    ext = next(ext for ext in EXTS if ext == found["ext"])
    name = FileName(app=found["app"], type=found["type"], date=day, sequence=int(found["sequence"]), ext=ext)
    return name if str(name) == text and name.sequence else None


def check_name(text: str) -> str:
    """Return a name that stands for a file in the folder where it is used, and never for one elsewhere.

    Raises:
        InvalidMessage: It is empty, hidden, too long, or has a separator or a control character.
    """
    if not text:
        raise InvalidMessage.of("filename", "must not be empty")
    if text.startswith("."):
        raise InvalidMessage.of("filename", f"{text!r} begins with a dot, and hidden files are never data")
    if "/" in text or "\\" in text or _CONTROL.search(text):
        raise InvalidMessage.of(
            "filename", f"{text!r} has a separator or a control character; give a plain name"
        )
    length = len(text.encode(errors="surrogateescape"))
    if length > LONGEST_NAME:
        raise InvalidMessage.of("filename", f"has {length} bytes; {LONGEST_NAME} are allowed")
    return text


def is_data(name: str) -> bool:
    """Tell whether a file of that name can be data: no manifest, no report of errors, not hidden."""
    return bool(name) and not name.startswith(".") and not name.endswith((MANIFEST_SUFFIX, ERROR_SUFFIX))


def stem_of(name: str) -> str:
    """Return what a data file shares with its manifest: the name without ``.gz``, then without its last suffix."""
    plain = name.removesuffix(".gz")
    stem, dot, _ = plain.rpartition(".")
    return stem if dot and stem else plain


def manifest_of(name: str) -> str:
    """Return the name of a data file's manifest."""
    return stem_of(name) + MANIFEST_SUFFIX


def hidden(name: str) -> str:
    """Return the name of a file while it is written."""
    return f".{name}.part"
