"""One stored component, as the readers of events and tasks ask for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from task_priority.expansion.series import Series
from task_priority.exporters.ics.defined_zone import defined_zone
from task_priority.exporters.ics.lines import Property, split_list
from task_priority.exporters.ics.values import Length, moment_of, periods_of, zone_of
from task_priority.exporters.ics.zones import known_zone
from task_priority.moments import Moment


class Stored:
    """A component with its values read when they are asked for.

    Args:
        data: As ``objects_in`` made it.
        owner: The zone of times whose own nobody knows.
    """

    def __init__(self, data: Mapping[str, Any], owner: tzinfo) -> None:
        self._data = data
        self._properties: defaultdict[str, list[Property]] = defaultdict(list)
        for name, parameters, value in data["properties"]:
            self._properties[name].append(Property(name, parameters, value))
        self._fallback = known_zone(data.get("zone") or "") or owner

    @property
    def uid(self) -> str:
        """Names it together with its repetitions."""
        return str(self._data["uid"])

    @property
    def scope(self) -> str:
        """From which source it is."""
        return str(self._data["scope"])

    @property
    def calendar(self) -> str:
        """What its calendar calls itself."""
        return self._data.get("calendar") or self.scope

    def all(self, name: str) -> Sequence[Property]:
        """Return the properties of a name."""
        return self._properties.get(name, ())

    def first(self, name: str) -> Property | None:
        """Return the first property of a name."""
        found = self.all(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """Return the text of the first property of a name, or none."""
        found = self.first(name)
        return "" if found is None else found.text.strip()

    def word(self, name: str) -> str:
        """Return a text that is one of a few words, in upper case."""
        return self.text(name).upper()

    def items(self, name: str) -> tuple[str, ...]:
        """Return the parts of all lists of a name."""
        return tuple(
            Property(name, {}, part).text for one in self.all(name) for part in split_list(one.value)
        )

    def moment(self, name: str) -> Moment | None:
        """Return the moment of a property, if there is one.

        Raises:
            ValueError: It cannot be read.
        """
        found = self.first(name)
        return None if found is None else moment_of(found, self.zone)

    def periods(self, name: str) -> list[tuple[Moment, Length | None]]:
        """Return the moments of all lists of a name, with their lengths where they say some."""
        return [period for one in self.all(name) for period in periods_of(one, self.zone)]

    def zone(self, name: str) -> tzinfo:
        """Return the zone that a TZID names: the known one, else as its file defines it, else that of the calendar."""
        zone = known_zone(name)
        if zone is None and name in self._data["zones"]:
            zone = _defined(name, json.dumps(self._data["zones"][name]))
        return zone or self._fallback

    def zone_of(self, name: str) -> tzinfo | None:
        """Return the zone that the first property of a name says, if it says one."""
        found = self.first(name)
        return None if found is None else zone_of(found, self.zone)

    def series(self, start: Moment, named: str = "DTSTART") -> Series:
        """Return how it repeats from its start on, which the property of that name says."""
        rules = tuple(f"{name}:{one.value}" for name in ("RRULE", "EXRULE") for one in self.all(name))
        return Series(
            start,
            self.zone_of(named),
            rules,
            dates=tuple(moment for moment, _ in self.periods("RDATE")),
            exceptions=tuple(moment for moment, _ in self.periods("EXDATE")),
        )

    @property
    def repeats(self) -> bool:
        """Whether it has any repetitions of its own."""
        return any(self.first(name) for name in ("RRULE", "RDATE"))


@lru_cache(maxsize=64)
def _defined(name: str, definition: str) -> tzinfo:
    return defined_zone(name, json.loads(definition))
