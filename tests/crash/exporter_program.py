"""A process that does nothing but run an exporter: ``python -m … PLACE``.

Its service counts: with each pull a scope goes on by one version, and what its objects are in a version is known
beforehand. So whoever reads what was told afterwards can say of each message whether it had to be sent.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from crossdock import TransientError
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes
from crossdock.exporting import Exports, Found, Pull
from tests.crash.stage import open_queue

NAME, READER, KIND = "counter", "reader", "numbers"
SCOPES = ("a", "b", "c")
OBJECTS = 4
ROUTES = Routes({AppId(NAME): [AppId(READER)]}, {})


def content(scope: str, number: int, version: int) -> dict[str, Any] | None:
    """Return what an object is in a version: one changes rarely, another often, and sometimes one is gone."""
    if version % 7 == number:
        return None
    return {"id": f"{scope}{number}", "since": version // (number + 1)}


class Counter:
    """Moves each scope on by one version; every fifth answer tells everything."""

    name = NAME
    kinds = (KIND,)

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Give a pull for each scope."""
        for scope in SCOPES:
            version = states.get(scope, 0) + 1
            whole = version % 5 == 0
            now = {f"{scope}{number}": content(scope, number, version) for number in range(OBJECTS)}
            found = [Found(KIND, name, data) for name, data in now.items() if data is not None or not whole]
            yield Pull(scope, version, found, whole=frozenset({KIND} if whole else ()))


def main(place: str) -> None:
    with open_queue("exporter-process", **json.loads(place)) as queue:
        exports = Exports(queue, ROUTES)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            try:
                exports.sync(Counter())
            except TransientError:
                time.sleep(0.002)  # the other process is at it


if __name__ == "__main__":
    main(sys.argv[1])
