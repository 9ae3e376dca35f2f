"""``crossdock call``: ask an app of a running hub, and print its answer."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import TIME_LIMIT_S, Shell

CONFIG = """
[apps.upper]
outbound = { process = ["tr", "a-z", "A-Z"], output = "text" }
next = ["archive"]

[apps.echo]
outbound = { process = ["cat"] }

[apps.strict]
outbound = { process = ["sh", "-c", "echo no such order >&2; exit 65"] }
"""


@pytest.fixture
def hub(tmp_path: Path, shell: Shell) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "crossdock.toml").write_text(CONFIG)
    process = shell.start("worker", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(TIME_LIMIT_S)


@pytest.mark.usefixtures("hub")
class TestAnswered:
    def test_the_answer_is_printed_as_json(self, shell: Shell) -> None:
        result = shell.good("call", "echo", '{"order": [17, "å"]}', "--timeout", "1m")
        assert result.json == {"order": [17, "å"]}
        assert result.out.count("\n") > 1
        assert (
            shell.good("call", "echo", '{"order": 17}', "--json", "--timeout", "1m").out == '{"order": 17}\n'
        )

    def test_the_answer_goes_to_the_next_app_besides(self, shell: Shell) -> None:
        assert shell.good("call", "upper", '"abc"', "--timeout", "1m").json == '"ABC"\n'
        [passed_on] = shell.good("queue", "list", "archive", "--json").json_lines
        assert passed_on["message"]["data"] == '"ABC"\n'

    def test_a_dead_letter_is_told(self, shell: Shell) -> None:
        result = shell("call", "strict", "{}", "--timeout", "1m")
        assert (result.code, result.out) == (1, "")
        assert "strict could not answer to message" in result.err
        assert "INVALID_MESSAGE: sh: exit code 65: no such order" in result.err

    def test_data_may_come_from_a_file_and_say_what_it_is(self, tmp_path: Path, shell: Shell) -> None:
        (tmp_path / "order.json").write_text('{"order": 18}')
        shell.good(
            "call", "echo", "@order.json", "--type", "order.asked", "--message-id", "o-18", "--timeout", "1m"
        )
        assert shell.good("message", "show", "o-18", "--json").json["message"]["type"] == "order.asked"


def test_nobody_answers_in_time(shell: Shell) -> None:
    result = shell("call", "nobody", "1", "--timeout", "50ms")
    assert result.code == 6
    assert "nobody has not answered in time to message" in result.err
    assert "and was withdrawn; what becomes of it: crossdock message timeline" in result.err


@pytest.mark.parametrize(
    "arguments", [["call", "echo"], ["call", "echo", "{"], ["call", "echo", "1", "--timeout", "x"]]
)
def test_a_wrong_command_line_is_explained(shell: Shell, arguments: list[str]) -> None:
    assert shell(*arguments).code == 2
