"""Runs the workloads: all entrants of one interleaved, round after round, and keeps going when one fails."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.channel import Answer
from benchmarks.contenders import load
from benchmarks.workloads.workload import Entrant, Place, Scale, Workload


@dataclass(slots=True)
class Score:
    """What one entrant did in one workload."""

    rounds: list[Answer] = field(default_factory=list)
    durability: Answer = field(default_factory=dict)
    error: str | None = None


@dataclass(slots=True)
class Run:
    """One run of one workload."""

    workload: Workload
    scale: Scale
    directory: Path
    scores: dict[Entrant, Score] = field(default_factory=dict)
    serial: int = 0

    def execute(self, contenders: Sequence[str], rounds: int) -> dict[str, Any]:
        """Measure everything and return the workload's part of the results."""
        start = time.monotonic()
        self.scores = {entrant: Score() for entrant in self.workload.entrants(contenders)}
        places = {}
        if self.workload.keeps_store:
            places = {entrant: self._attempt(entrant, self._prepare) for entrant in self.scores}
        for _ in range(min(rounds, self.workload.most_rounds)):
            for entrant in self.scores:
                self._attempt(entrant, self._measure, places.get(entrant))
        for entrant, place in places.items():
            if place is not None:
                self._remove(entrant, place)
        shutil.rmtree(self.directory, ignore_errors=True)
        entrants = {entrant.label: self._summary(score) for entrant, score in self.scores.items()}
        self.workload.relate({label: summary["figures"] for label, summary in entrants.items()})
        return {
            "title": self.workload.title,
            "seconds": round(time.monotonic() - start, 1),
            "entrants": entrants,
        }

    def _attempt(self, entrant: Entrant, step: Callable[..., Place | None], *arguments: Any) -> Place | None:
        """Do a step for an entrant that has not failed yet. A failure is its result; the others go on."""
        score = self.scores[entrant]
        if score.error is not None:
            return None
        try:
            return step(entrant, *arguments)
        except Exception as error:  # noqa: BLE001 - whatever a contender raises is reported as its result
            score.error = f"{error}" or type(error).__name__
            print(f"  {entrant.label}: failed: {score.error}", file=sys.stderr)
            return None

    def _prepare(self, entrant: Entrant) -> Place:
        self.serial += 1
        place = Place(self.directory / f"{self.serial}-{entrant.contender}")
        place.directory.mkdir(parents=True)
        durability = self.workload.prepare(entrant, place, self.scale)
        if not durability["is_equal"]:
            raise ValueError(f"not measured: its commits do not survive a power failure: {durability}")
        self.scores[entrant].durability = durability
        return place

    def _measure(self, entrant: Entrant, kept: Place | None) -> None:
        place = kept or self._prepare(entrant)
        try:
            answer = self.workload.measure(entrant, place, self.scale)
        finally:
            if kept is None:
                self._remove(entrant, place)
        self.scores[entrant].rounds.append(answer)

    def _remove(self, entrant: Entrant, place: Place) -> None:
        load(entrant.contender).remove(place.directory)
        shutil.rmtree(place.directory, ignore_errors=True)

    def _summary(self, score: Score) -> dict[str, Any]:
        figures = self.workload.summarise(score.rounds) if score.rounds else {}
        return {
            "figures": figures,
            "error": score.error,
            "durability": score.durability,
            "rounds": score.rounds,
        }
