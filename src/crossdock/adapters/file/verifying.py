"""Holds a file and its manifest to what they must be, as taking it would, and touches neither."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crossdock.adapters.file.claim import Claim
from crossdock.adapters.file.claims import read_manifest, second_fault
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.naming import MANIFEST_SUFFIX, check_name, is_data, manifest_of
from crossdock.adapters.file.reading.rows import BadRow, Chunk, row_words
from crossdock.adapters.file.taking import Rules, Taking
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import encode
from crossdock.durable_files import FileSystem

MOST_ISSUES: Final = 100
"""So many bad rows of a file are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that is wrong.

    Attributes:
        check: What was checked: as in ``.error.json``, or ``row``.
        issue: What is wrong, in words.
        row: From 1; None: the file as a whole is meant.
        line: From 1; None: it is not known.
        field: Of the row; empty: all of it is meant.
        advice: What to do.
    """

    check: str
    issue: str
    row: int | None = None
    line: int | None = None
    field: str = ""
    advice: str = ""

    @property
    def words(self) -> str:
        """What is wrong, and where."""
        if self.row is None:
            return f"{self.check}: {self.issue}"
        return row_words(self.row, self.line, self.field, self.issue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of a file.

    Attributes:
        manifest: None: it has none.
        rows: So many rows, good and bad; None: they were not counted, or there are none to count.
        bad: So many of them would be set aside.
    """

    file: Path
    manifest: Path | None
    rows: int | None = None
    bad: int = 0
    issues: tuple[Issue, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.issues


def verify(path: Path, rules: Rules, *, read: Callable[[int], object] = lambda _rows: None) -> Verdict:
    """Check a file as it is checked and read when it is taken, and change nothing.

    Args:
        path: The data file, or its manifest.
        rules: How it is taken.
        read: Is told how many rows were read.

    Raises:
        FileNotFoundError: Neither file is there.
        OSError: The disk cannot tell.
    """
    claim, issues = _as_claimed(path, rules)
    manifest = claim.manifest_path if claim.pair else None
    verdict = Verdict(file=claim.path, manifest=manifest, issues=tuple(issues))
    if issues:
        return verdict
    try:
        taking = Taking(claim, path.parent.name, rules, files=FileSystem(), go_on=lambda: True)
        taking.start(None)
    except FileFault as fault:
        return Verdict(file=claim.path, manifest=manifest, issues=(_of_fault(fault),))
    try:
        return _read(taking, verdict, read)
    finally:
        taking.close()


def _as_claimed(path: Path, rules: Rules) -> tuple[Claim, list[Issue]]:
    """Return a file as if it had been claimed, and what is wrong with names and manifest."""
    if path.name.endswith(MANIFEST_SUFFIX):
        path = _data_of(path)
    elif not os.path.lexists(path):
        raise FileNotFoundError(2, os.strerror(2), str(path))
    claim = Claim(path.parent, path.name)
    claim.manifest, claim.fault = read_manifest(claim.manifest_path)
    claim.pair = claim.manifest is not None or claim.fault is not None
    return claim, list(_issues_of_names(claim, rules))


def _data_of(manifest: Path) -> Path:
    """Return the data file of a manifest, or what it would be called if nothing tells."""
    if not os.path.lexists(manifest):
        raise FileNotFoundError(2, os.strerror(2), str(manifest))
    said, _ = read_manifest(manifest)
    names = (path.name for path in manifest.parent.iterdir() if is_data(path.name))
    same = sorted(name for name in names if manifest_of(name) == manifest.name)
    name = said.filename if said is not None else (same or [manifest.name.removesuffix(MANIFEST_SUFFIX)])[0]
    return manifest.with_name(name)


def _issues_of_names(claim: Claim, rules: Rules) -> Iterator[Issue]:
    try:
        check_name(claim.name)
    except InvalidMessage as error:
        yield Issue(check="name", issue=error.details[0][1], advice="give it another name")
    if claim.fault is not None:
        yield _of_fault(claim.fault)
    if not claim.pair and rules.watch.arrival == "manifest":
        yield Issue(
            check="manifest",
            issue=f"{claim.manifest_path.name} is not there, so the file is not there yet for those who take it",
            advice="write its manifest, under a hidden name that is changed at the end",
        )
    if claim.manifest is not None and claim.manifest.filename != claim.name:
        yield _of_fault(second_fault(claim.name, claim.manifest.filename))


def _read(taking: Taking, verdict: Verdict, read: Callable[[int], object]) -> Verdict:
    """Read all rows, and gather what is wrong with them."""
    issues: list[Issue] = []
    rows = bad = 0
    try:
        while chunk := taking.read():
            read(chunk.end.rows - rows)
            rows = chunk.end.rows
            _reject_unsendable(chunk)
            bad += len(chunk.bad)
            issues += [one for row in chunk.bad for one in _of_row(row)][: MOST_ISSUES - len(issues)]
    except FileFault as fault:
        issues.append(_of_fault(fault))
    return Verdict(
        file=verdict.file, manifest=verdict.manifest, rows=taking.facts.rows, bad=bad, issues=tuple(issues)
    )


def _reject_unsendable(chunk: Chunk) -> None:
    """Make bad rows of those that can be no messages."""
    refused: dict[int, tuple[tuple[str, str], ...]] = {}
    for place, item in enumerate(chunk.items):
        try:
            encode(item)
        except InvalidMessage as error:
            refused[place] = tuple(error.details) or (("", str(error)),)
    chunk.reject(refused)


def _of_fault(fault: FileFault) -> Issue:
    return Issue(check=fault.check, issue=fault.issue, advice=fault.advice)


def _of_row(bad: BadRow) -> Iterator[Issue]:
    for field, issue in bad.issues:
        yield Issue(check="row", issue=issue, row=bad.row, line=bad.line, field=field)
