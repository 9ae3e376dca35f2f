"""The pairs of apps that ``crossdock init --from`` writes: they work as they stand, to be changed from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_FILE_APPS: Final = """\

# A pair to start from: rows of CSV files that somebody puts into data/imports come out as files in data/exports.

[apps.importer]
inbound = { file = "data/imports", pattern = "*.csv", arrival = "stable", settle = "1s" }
next = ["exporter"]

[apps.exporter]
outbound = { file = "data/exports", format = "csv", rows = 1000, every = "1s" }
"""

_PROCESS_APPS: Final = """\

# A pair to start from: each line that one program writes is handed to the other.

[apps.producer]
inbound = { process = ["python3", "produce.py"], every = "5s" }    # started again every five seconds
next = ["consumer"]

[apps.consumer]
outbound = { process = ["python3", "consume.py"] }                 # a run for each message
"""

_PRODUCE: Final = '''\
"""Writes messages: each line is one, in JSON."""

import json
import time

print(json.dumps({"made_at": time.time()}))
'''

_CONSUME: Final = '''\
"""Reads one message, in JSON, and answers it."""

import json
import sys
import time

message = json.load(sys.stdin)
print(json.dumps({"age_s": round(time.time() - message["made_at"], 3)}))
'''

_PYTHON_APPS: Final = """\

# A pair to start from: what the first function returns is handed to the second.

[apps.checker]
outbound = { python = "handlers:check" }
next = ["keeper"]

[apps.keeper]
outbound = { python = "handlers:keep" }
"""

_HANDLERS: Final = '''\
"""The functions that get the messages."""

from crossdock import InvalidMessage


def check(message):
    """Return what goes on to the next app."""
    order = message.data
    if not isinstance(order, dict) or "order" not in order:
        raise InvalidMessage.of("order", "is missing")
    return {**order, "checked": True}


def keep(message):
    """Return what is kept as the result."""
    return {"kept": message.data["order"]}
'''


_HTTP_APPS: Final = """\

# A pair to start from: what the first app is sent is posted to the second, which believes it since it is signed. Both
# are here; in earnest, each is in a configuration of its own, and only the secret is the same.

[api]
port = 8765

[apps.poster.outbound]
http = "http://127.0.0.1:8765/api/v1/webhooks/receiver"
format = "structured"             # the whole event, so that it keeps its id and type
allow = ["127.0.0.1"]
secrets = [{ file = "webhook.secret" }]

[apps.receiver]
inbound = { http = "standard-webhooks", secrets = [{ file = "webhook.secret" }] }
next = ["inbox"]
"""


class Start(StrEnum):
    """How the apps of a pair are reached."""

    FILE = "file"
    HTTP = "http"
    PROCESS = "process"
    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two apps that work.

    Attributes:
        apps: Their tables.
        files: Programs and modules, by name.
        folders: What must be there.
        secrets: Files with a secret that both apps know; made of chance.
        first_step: A command of the shell that gives them a message.
        outcome: A command that shows what became of it.
    """

    apps: str
    outcome: str
    files: Mapping[str, str]
    folders: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    first_step: str = ""


PAIRS: Final[Mapping[Start, Pair]] = {
    Start.FILE: Pair(
        apps=_FILE_APPS,
        files={},
        folders=("data/imports",),
        first_step=r"printf 'order,item\n17,tea\n' > data/imports/orders.csv",
        outcome="ls data/exports/*",
    ),
    Start.HTTP: Pair(
        apps=_HTTP_APPS,
        files={},
        secrets=("webhook.secret",),
        first_step="""crossdock send poster '{"order": 17}'""",
        outcome="crossdock queue list inbox",
    ),
    Start.PROCESS: Pair(
        apps=_PROCESS_APPS,
        files={"produce.py": _PRODUCE, "consume.py": _CONSUME},
        outcome="crossdock queue list consumer --newest-first",
    ),
    Start.PYTHON: Pair(
        apps=_PYTHON_APPS,
        files={"handlers.py": _HANDLERS},
        first_step="""crossdock send checker '{"order": 17}'""",
        outcome="crossdock queue list keeper",
    ),
}
