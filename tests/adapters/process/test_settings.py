"""What the keys take, and what is said of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from crossdock.adapters.process.settings import ProcessInbound, ProcessOutbound


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"process": ["cat", "{nothing}"]},
            r"argument '{nothing}': there is no {nothing}; there are {id}, {source}",
        ),
        ({"process": ["cat", "{}"]}, "there is no {}"),
        ({"process": ["cat", "{data}"]}, "there is no {data}"),
        ({"process": ["cat", "{id"]}, "write a brace as {{ or }}"),
        ({"process": ["cat", "{id!r}"]}, "there is no {id}"),
        ({"process": ["cat", "a\0"]}, "has a NUL character"),
        ({"process": ["cat"], "workers": 2}, "workers: without effect with mode 'run'; leave out"),
        (
            {"process": ["cat"], "mode": "rpc", "input": "data"},
            "input: without effect with mode 'rpc'; leave out",
        ),
        (
            {"process": ["cat", "{id}"], "mode": "rpc"},
            "an argument cannot take anything from a message with mode 'rpc'",
        ),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ProcessOutbound(**settings)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"process": []},
        {"process": [""]},
        {"process": "cat"},
        {"process": ["cat"], "exit_codes": {"256": "invalid"}},
        {"process": ["cat"], "exit_codes": {"x": "invalid"}},
        {"process": ["cat"], "exit_codes": {"1": "wrong"}},
        {"process": ["cat"], "mode": "shell"},
        {"process": ["cat"], "cpu": "0s"},
        {"process": ["cat"], "shell": True},
    ],
)
def test_a_wrong_value_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProcessOutbound(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "lines", "start": "1s"}, "start: without effect with mode 'lines'"),
        ({"mode": "rpc", "rejected": "x"}, "rejected: without effect with mode 'rpc'"),
    ],
)
def test_a_key_of_the_other_mode_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ProcessInbound(process=["cat"], **settings)


def test_braces_of_a_program_that_takes_nothing_from_messages_are_its_own() -> None:
    assert ProcessInbound(process=["sh", "-c", "echo {}"]).process[-1] == "echo {}"
