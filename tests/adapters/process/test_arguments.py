"""The arguments of a program: what they take from a message, and what cannot be one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.process.arguments import LONGEST_VALUE
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import Message
from tests.adapters.process.case import deliver_one, message, script


def arguments_of(folder: Path, given: Message, *templates: str) -> list[str]:
    """Return the arguments that a program really got."""
    show = script(folder, "show.py", "import json, sys; print(json.dumps({'got': sys.argv[1:]}))")
    answer = deliver_one(folder, given, process=[*show, *templates]).answer
    found: list[str] = answer["got"]
    return found


def test_arguments_take_what_they_name_from_the_message(tmp_path: Path) -> None:
    given = message(
        {"order": {"no": 7, "paid": True}, "text": "a b; $(rm x) 'q' *"},
        id="i-1", subject="s 1", partitionkey="p", correlationid="c",
    )  # fmt: skip
    templates = [
        "{id}", "{source}/{type}", "{subject}", "{partitionkey}{correlationid}", "{app}", "{attempt}",
        "--no={data.order.no}", "{data.order.paid}", "{data.text}", "{{}}",
    ]  # fmt: skip
    assert arguments_of(tmp_path, given, *templates) == [
        "i-1", "shop/order.placed", "s 1", "pc", "enricher", "1", "--no=7", "true", "a b; $(rm x) 'q' *", "{}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "data", "field", "issue"),
    [
        ("{data.name}", {"name": "-rf"}, "data.name", 'begins with "-"'),
        ("{data.name}", {"name": ""}, "data.name", "must have 1 to"),
        ("{data.name}", {}, "data.name", "is missing"),
        ("{data.name}", [1], "data.name", "is missing"),
        ("{data.name}", {"name": ["a"]}, "data.name", "is no single value"),
        ("{data.name}", {"name": "a\0b"}, "data.name", "none of them NUL"),
        ("{data.name}", {"name": "\ud800"}, "data.name", "is not Unicode text"),
        ("{data.name}", {"name": "x" * (LONGEST_VALUE + 1)}, "data.name", "must have 1 to"),
        ("x{subject}", {}, "subject", "is missing"),
    ],
)
def test_what_cannot_be_an_argument_is_refused(
    tmp_path: Path, template: str, data: Any, field: str, issue: str
) -> None:
    with pytest.raises(InvalidMessage, match=issue) as caught:
        deliver_one(tmp_path, message(data), process=["echo", template])
    assert caught.value.details[0][0] == field


@pytest.mark.parametrize("templates", [["--", "{data.name}"], ["--name={data.name}"]])
def test_a_dash_is_harmless_where_the_program_reads_no_option(tmp_path: Path, templates: list[str]) -> None:
    found = arguments_of(tmp_path, message({"name": "-rf"}), *templates)
    assert found[-1].endswith("-rf")
