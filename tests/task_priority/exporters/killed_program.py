"""A process that does nothing but run the exporters of a home: ``python -m … HOME``."""

from __future__ import annotations

import itertools
import sys
from contextlib import suppress
from pathlib import Path

from crossdock import CredentialError, DeliveryError, Queue
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes
from crossdock.exporting import Exports
from task_priority.home import Home
from task_priority.sources import Sources

NAMES = ("google-calendar", "google-tasks", "ics", "todoist")
READER = "reader"
ROUTES = Routes({AppId(name): [AppId(READER)] for name in NAMES}, {})


def open_queue(home: Home) -> Queue:
    return Queue(f"sqlite:///{home.store}", app="exporters")


def main(folder: str) -> None:
    home = Home(Path(folder))
    with open_queue(home) as queue, Sources(home) as sources:
        exporters = list(sources.exporters())
        exports = Exports(queue, ROUTES)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for exporter in itertools.cycle(exporters):
            with suppress(DeliveryError, CredentialError):
                exports.sync(exporter)


if __name__ == "__main__":
    main(sys.argv[1])
