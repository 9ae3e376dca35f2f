"""What became of a file, as its manifest in the archive or its report among the errors says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from crossdock.adapters.file.departures import TAKEN, Leaving
from crossdock.adapters.file.naming import ERROR_SUFFIX, stem_of
from crossdock.adapters.file.reading.rows import row_words
from crossdock.adapters.file.tree import Tree

State: TypeAlias = Literal["taken", "duplicate", "set aside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a file.

    Attributes:
        name: Of the file as it arrived.
        stage: From which it was taken.
        place: Where it is now; paths count from the root.
        at: When; None: nobody says.
        reason: Why it was set aside, or what is wrong with its first bad row, or of what it is a duplicate.
        rejected: Where its rows are that were set aside; None: none were.
    """

    name: str
    stage: str
    state: State
    place: str
    at: datetime | None
    rows: int | None
    sent: int
    set_aside: int
    reason: str
    rejected: str | None


def fate_of(tree: Tree, name: str, leaving: Leaving) -> Fate:
    """Return the fate of a file that has just left."""
    place = f"{leaving['to']}/{leaving['name']}"
    manifest = leaving["manifest"]
    if manifest is not None:
        taken = {**manifest[TAKEN], "rejected": leaving["rejected"]}
        return fate_in_archive(tree.root, place, {TAKEN: taken})
    return fate_in_errors(place, leaving["error"] or {"filename": name, "stage": tree.stage})


def fate_in_archive(root: Path, place: str, manifest: Mapping[str, Any]) -> Fate:
    """Return what a manifest in the archive says.

    Raises:
        LookupError: It says nothing of the kind. TypeError and ValueError, too.
    """
    taken = manifest[TAKEN]
    stage, _, key = str(taken["key"]).partition("/")
    earlier, set_aside = taken["duplicate_of"], int(taken["set_aside"])
    rejected = taken.get("rejected") if set_aside else None
    return Fate(
        name=key.rpartition("#")[0],
        stage=stage,
        state="taken" if earlier is None else "duplicate",
        place=place,
        at=datetime.fromisoformat(taken["at"]),
        rows=int(taken["rows"]),
        sent=int(taken["sent"]),
        set_aside=set_aside,
        reason=f"it is {earlier}" if earlier else first_rejected(root / rejected) if rejected else "",
        rejected=rejected,
    )


def fate_in_errors(place: str, report: Mapping[str, Any]) -> Fate:
    """Return what a report among the errors says; raises as ``fate_in_archive``."""
    at = report.get("failed_at")
    sent, set_aside = int(report.get("rows_sent", 0)), int(report.get("rows_set_aside", 0))
    return Fate(
        name=str(report["filename"]),
        stage=str(report["stage"]),
        state="set aside",
        place=place,
        at=None if at is None else datetime.fromisoformat(at),
        rows=None,
        sent=sent,
        set_aside=set_aside,
        reason=f"{report.get('check', 'unknown')}: {report.get('issue', 'nobody says why')}",
        rejected=None,
    )


def place_of_error(report_path: Path, report: Mapping[str, Any]) -> Path:
    """Return where a file of the errors is, which may have another stem there than it had."""
    name = str(report["filename"])
    return report_path.with_name(f"{report_path.name.removesuffix(ERROR_SUFFIX)}{name[len(stem_of(name)) :]}")


def first_rejected(path: Path) -> str:
    """Return what is wrong with the first of the rows that were set aside; empty: they are gone."""
    with suppress(OSError, ValueError, LookupError, TypeError), path.open("rb") as file:
        first = json.loads(file.readline())
        return row_words(first["row"], first["line"], first["field"], first["issue"])
    return ""
