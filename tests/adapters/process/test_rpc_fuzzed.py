"""Whatever a program writes where frames should be: its message has an outcome, and the next one is delivered."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from crossdock.domain.errors import DeliveryError, InvalidMessage
from tests.adapters.process.case import connected, delivered, message, outbound, run, script

CHILD = Path(__file__).with_name("talking_program.py").read_text()

values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=6),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
errors = some.fixed_dictionaries(
    {},
    optional={
        "code": values | some.sampled_from([-32601, 1, 2, 3, 4, 5]),
        "message": values,
        "data": values
        | some.dictionaries(some.sampled_from(["retry_after", "details", "field", "issue", "class"]), values),
    },
)
frames = some.fixed_dictionaries(
    {"jsonrpc": some.just("2.0") | values},
    optional={
        "id": some.sampled_from([1, 2, 3, 2.0, True, "2", None, 2**70]),
        "method": some.sampled_from(["log", "ack", "send", "", "deliver"]) | values,
        "params": values,
        "result": values,
        "error": errors | values,
    },
).map(json.dumps)
texts = some.lists(frames | some.text(max_size=20), max_size=4)


@pytest.mark.slow
@given(some.lists(texts, min_size=1, max_size=4))
@settings(deadline=None, max_examples=25)
def test_no_frame_costs_more_than_its_own_message(said: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = script(Path(folder), "child.py", CHILD)
        adapter = outbound(Path(folder), process=command, mode="rpc", max_output=10_000)

        async def main() -> None:
            async with connected(adapter):
                for number, lines in enumerate(said):
                    # what follows the lines is nothing, so a message that they do not answer fails
                    text = "".join(line.replace("\n", " ") + "\n" for line in [*lines, "the end"])
                    with suppress(DeliveryError, InvalidMessage):
                        await delivered(adapter, message({"do": "write", "text": text}))
                    answer = await _delivered_in_the_end(number)
                    assert answer["number"] == number

        async def _delivered_in_the_end(number: int) -> dict[str, int]:
            """Deliver a message; that of a program that is being killed for what it wrote is tried again."""
            for _ in range(3):
                try:
                    found = await delivered(adapter, message({"number": number}))
                except DeliveryError:
                    continue
                assert isinstance(found.answer, dict)
                return found.answer
            raise AssertionError("no program answers any more")

        run(main())
