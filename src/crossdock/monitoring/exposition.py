"""Metrics as text, in the two formats that Prometheus reads.

Source: https://prometheus.io/docs/instrumenting/exposition_formats (0.0.4), and OpenMetrics 1.0.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

PLAIN_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Sample(NamedTuple):
    """One number.

    Attributes:
        labels: What it is of, by name.
        suffix: What stands behind the name of the family.
    """

    labels: Mapping[str, str]
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """What has one name.

    Attributes:
        name: With its unit, and without the ``_total`` of a counter.
        meaning: One line.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, value: float, suffix: str = "", **labels: str) -> None:
        """Add a number."""
        self.samples.append(Sample(labels, value, suffix))


class Histogram:
    """Durations in buckets.

    Args:
        bounds: Upper ones, in seconds, ascending.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = (*bounds, math.inf)
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[next(at for at, bound in enumerate(self._bounds) if seconds <= bound)] += 1
        self._sum += seconds

    def add_to(self, family: Family, **labels: str) -> None:
        """Add its numbers to a family."""
        so_far = 0
        for bound, count in zip(self._bounds, self._counts, strict=True):
            so_far += count
            family.add(so_far, "_bucket", **labels, le="+Inf" if bound == math.inf else repr(float(bound)))
        family.add(so_far, "_count", **labels)
        family.add(self._sum, "_sum", **labels)


def written(families: Iterable[Family], *, is_open: bool) -> str:
    """Return metrics as text.

    Args:
        families: In their order; those without a number are left out.
        is_open: As OpenMetrics; else in the format 0.0.4.
    """
    lines = [line for family in families if family.samples for line in _lines(family, is_open=is_open)]
    return "\n".join([*lines, *(["# EOF"] if is_open else []), ""])


def _lines(family: Family, *, is_open: bool) -> Iterator[str]:
    total = "_total" if family.kind == "counter" else ""
    name = family.name if is_open else family.name + total
    yield f"# HELP {name} {_escaped(family.meaning)}"
    yield f"# TYPE {name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{key}="{_label(value)}"' for key, value in sample.labels.items())
        shown = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix or total}{shown} {_number(sample.value)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
