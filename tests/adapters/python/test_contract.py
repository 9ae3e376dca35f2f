"""The adapter ``python`` keeps the contract of outbound adapters, wherever its function runs."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossdock.testing.outbound_contract import OutboundContract
from tests.guarantees import of_road
from tests.whole_lines import whole_lines

MODULE = """\
import base64, json, pathlib
from crossdock import Message, NotConnected

FOLDER = pathlib.Path(__file__).parent

def plain(message: Message) -> None:
    if (FOLDER / "away").exists():
        raise NotConnected("it is away")
    event = {name: getattr(message, name) for name in ("id", "source", "type", "subject", "correlationid")}
    data = message.data
    form = {"bytes": base64.b64encode(data).decode()} if isinstance(data, bytes) else {"data": data}
    with (FOLDER / "arrived").open("a") as file:
        file.write(json.dumps({**event, **message.extensions, **form}) + "\\n")

async def task(message: Message) -> None:
    plain(message)
"""


class Function:
    """A function that writes down what it is called with."""

    carries_attributes = True
    carries_bytes = True

    def __init__(self, folder: Path, name: str, **options: Any) -> None:
        self._folder = folder
        self.table: Mapping[str, Any] = {"python": f"{name}", **options}
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"python": "nowhere:task"}, "there is no module nowhere"),
            ({"python": f"{name}k"}, "did you mean"),
            ({"python": "no-function"}, "expected a module and a function in it"),
            ({"python": name, "cpuu": True}, "unknown key; did you mean cpu?"),
            ({"python": name, "nothing": 1}, "unknown key"),
        ]

    def received(self) -> list[Any]:
        return [
            base64.b64decode(event["bytes"]) if "bytes" in event else event["data"] for event in self.events()
        ]

    def events(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in whole_lines(self._folder / "arrived")]

    def go_away(self) -> bool:
        (self._folder / "away").touch()
        return True

    def come_back(self) -> None:
        (self._folder / "away").unlink()


WAYS = {"task": ("task", {}), "thread": ("plain", {}), "process": ("plain", {"cpu": True})}


@of_road("python")
class TestPython(OutboundContract):
    @pytest.fixture(params=WAYS)
    def far_side(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Function]:
        function, options = WAYS[request.param]
        module = f"handlers_{tmp_path.name}"
        (tmp_path / f"{module}.py").write_text(MODULE)
        path = list(sys.path)
        yield Function(tmp_path, f"{module}:{function}", **options)
        sys.path[:] = path
        sys.modules.pop(module, None)
