"""One run of a program for each message."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.process.starter_program import children_of
from crossdock.domain.errors import (
    CredentialError,
    InvalidMessage,
    NotConnected,
    PermanentError,
    ProcessDied,
    RateLimited,
    TransientError,
)
from tests.adapters.process.case import (
    Notices,
    connected,
    deliver_one,
    delivered,
    lives,
    message,
    number_in,
    open_files,
    outbound,
    run,
    script,
    until,
)

SHELL = ["sh", "-c"]
WAITS_FOR_EVER = 'echo $$ > "{}"; trap "" TERM INT HUP; while :; do sleep 1000; done'


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("data", {"å": [1, None]}, b'{"\xc3\xa5":[1,null]}\n'),
        ("data", b"\x00\xff\n", b"\x00\xff\n"),
        ("data", b"", b""),
        ("none", {"a": 1}, b""),
    ],
)
def test_data_is_read_from_the_standard_input(tmp_path: Path, kind: str, given: Any, expected: bytes) -> None:
    deliver_one(tmp_path, message(given), process=[*SHELL, "cat > got"], input=kind)
    assert (tmp_path / "got").read_bytes() == expected


def test_a_whole_event_is_read_from_the_standard_input(tmp_path: Path) -> None:
    given = message({"order": 7}, subject="o/7", partitionkey="k", extensions={"tenant": "x"})
    deliver_one(tmp_path, given, process=[*SHELL, "cat > got"], input="event")
    event = json.loads((tmp_path / "got").read_bytes())
    assert (event["specversion"], event["id"], event["subject"]) == ("1.0", given.id, "o/7")
    assert (event["data"], event["tenant"], event["partitionkey"]) == ({"order": 7}, "x", "k")


def test_an_event_that_comes_back_is_the_same_message(tmp_path: Path) -> None:
    given = message(b"\x00\xff", datacontenttype="application/octet-stream", extensions={"tenant": "x"})
    assert deliver_one(tmp_path, given, process=["cat"], input="event").answer == given


def test_a_program_need_not_read_its_input(tmp_path: Path) -> None:
    large = message("x" * 4_000_000)
    assert deliver_one(tmp_path, large, process=[*SHELL, "echo '{{}}'"]).answer == {}


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("json", '{"a": 1}', {"a": 1}),
        ("json", '[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ("json", "null", None),
        ("json", "", None),
        ("jsonl", '{"a": 1}\n\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ("ignore", "whatever", None),
    ],
)
def test_the_output_is_the_answer(tmp_path: Path, kind: str, written: str, expected: Any) -> None:
    (tmp_path / "answer").write_text(written)
    assert deliver_one(tmp_path, message(), process=["cat", "answer"], output=kind).answer == expected


@pytest.mark.parametrize(("kind", "data"), [("json", 7), ("text", "7\n")])
def test_an_answer_that_is_no_object_becomes_the_data_of_a_message(
    tmp_path: Path, kind: str, data: Any
) -> None:
    answer = deliver_one(tmp_path, message(), process=["echo", "7"], output=kind).answer
    assert (answer.data, answer.source, answer.type) == (data, "enricher", "crossdock.message")


def test_only_a_program_whose_output_is_ignored_answers_nothing(tmp_path: Path) -> None:
    assert outbound(tmp_path, process=["true"]).capabilities.answers
    assert not outbound(tmp_path, process=["true"], output="ignore").capabilities.answers


@pytest.mark.parametrize(
    "written", ['{"a": ', "{}{}", '{"specversion": "2", "id": "1", "source": "s", "type": "t"}']
)
def test_output_that_is_no_json_fails_the_message_for_good(tmp_path: Path, written: str) -> None:
    (tmp_path / "answer").write_text(written)
    with pytest.raises(PermanentError, match=r"what .* (wrote|answered) is no (json|event)"):
        deliver_one(tmp_path, message(), process=["cat", "answer"])


@pytest.mark.parametrize(
    ("code", "given", "expected"),
    [
        (1, {}, TransientError),
        (75, {}, TransientError),
        (69, {}, TransientError),
        (64, {}, PermanentError),
        (65, {}, InvalidMessage),
        (77, {}, CredentialError),
        (78, {}, CredentialError),
        (3, {"3": "permanent"}, PermanentError),
        (3, {"3": "rate-limited"}, RateLimited),
        (3, {"3": "unavailable"}, NotConnected),
        (65, {"65": "transient"}, TransientError),
        (0, {"0": "invalid"}, InvalidMessage),
    ],
)
def test_the_exit_code_says_what_became_of_the_message(
    tmp_path: Path, code: int, given: dict[str, str], expected: type[Exception]
) -> None:
    command = [*SHELL, f"echo 'line 1\nno such customer' >&2; exit {code}"]
    with pytest.raises(expected, match=rf"sh: exit code {code}: line 1\nno such customer") as caught:
        deliver_one(tmp_path, message(), process=command, exit_codes=given)
    assert type(caught.value) is expected
    if isinstance(caught.value, InvalidMessage):
        assert caught.value.details == (("data", "no such customer"),)


def test_an_exit_code_may_mean_success(tmp_path: Path) -> None:
    command = [*SHELL, "echo '{{}}'; exit 1"]
    assert deliver_one(tmp_path, message(), process=command, exit_codes={"1": "delivered"}).answer == {}


def test_a_program_that_is_killed_counts_as_a_crash(tmp_path: Path) -> None:
    with pytest.raises(ProcessDied, match="sh: killed by SIGKILL: went wrong"):
        deliver_one(tmp_path, message(), process=[*SHELL, "echo went wrong >&2; kill -9 $$"])


def test_of_a_flooded_standard_error_the_end_is_kept(tmp_path: Path) -> None:
    command = [*SHELL, "seq 1 200000 >&2; printf '\\033[31mlast words\\n' >&2; exit 1"]
    with pytest.raises(TransientError) as caught:
        deliver_one(tmp_path, message(), process=command)
    words = str(caught.value)
    assert words.endswith("last words")
    assert len(words) < 2200
    assert "\x1b" not in words


def test_a_program_that_floods_its_output_is_killed(tmp_path: Path) -> None:
    command = [*SHELL, 'echo $$ > "pid"; exec yes']
    with pytest.raises(PermanentError, match="sh wrote more than max_output, 100000 bytes, and was killed"):
        deliver_one(tmp_path, message(), process=command, max_output=100_000)
    pid = number_in(tmp_path / "pid")
    assert pid is not None
    assert not lives(pid)


def test_a_program_runs_in_its_folder_with_its_environment(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    program = tmp_path / "work" / "tell"
    program.write_text('#!/bin/sh\nprintf \'{"at": "%s", "greeting": "%s"}\' "$PWD" "$GREETING"\n')
    program.chmod(0o755)
    answer = deliver_one(
        tmp_path, message(), process=["./tell"], folder="work", environment={"GREETING": "hello"}
    ).answer
    assert answer == {"at": str(tmp_path / "work"), "greeting": "hello"}


def test_a_program_has_no_more_than_its_limits(tmp_path: Path) -> None:
    text = """
import json, resource
names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE")
print(json.dumps({name: resource.getrlimit(getattr(resource, name))[0] for name in names}))
"""
    program = script(tmp_path, "limits.py", text)
    limits = {"memory": "512 MiB", "cpu": "90s", "files": 20}
    answer = deliver_one(tmp_path, message(), process=program, **limits).answer
    assert answer == {"RLIMIT_AS": 512 * 1024**2, "RLIMIT_CPU": 90, "RLIMIT_NOFILE": 20}


def test_a_program_that_spends_its_time_is_killed(tmp_path: Path) -> None:
    with pytest.raises(ProcessDied, match="killed by SIGXCPU"):
        deliver_one(tmp_path, message(), process=[*SHELL, "while :; do :; done"], cpu="1s")


def test_a_program_gets_nothing_of_ours_but_its_streams(tmp_path: Path) -> None:
    text = """
import json, os, signal
names = ("SIGPIPE", "SIGINT", "SIGTERM", "SIGXFSZ")
print(json.dumps({
    "files": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],
    "leads": os.getpid() == os.getpgrp() == os.getsid(0),
    "ignored": [name for name in names if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN],
}))
"""
    answer = deliver_one(
        tmp_path, message(), process=[sys.executable, "-c", text.replace("{", "{{").replace("}", "}}")]
    ).answer
    assert answer == {
        "files": [0, 1, 2],
        "leads": True,
        "ignored": ["SIGPIPE", "SIGXFSZ"],
    }  # Python ignores two itself


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["no-such-program"], "there is no program 'no-such-program' in PATH"),
        (["./no-such-program"], "there is no program .*/no-such-program"),
        (["./plain"], "plain may not be executed: chmod"),
    ],
)
def test_a_program_that_is_not_there_is_told_when_connecting(
    tmp_path: Path, command: list[str], words: str
) -> None:
    (tmp_path / "plain").write_text("no program")
    with pytest.raises(NotConnected, match=words):
        deliver_one(tmp_path, message(), process=command)


def test_a_folder_that_is_not_there_is_told_when_connecting(tmp_path: Path) -> None:
    with pytest.raises(NotConnected, match=r"no program can be started in .*nowhere: No such file"):
        deliver_one(tmp_path, message(), process=["true"], folder="nowhere")


def test_a_program_that_vanishes_gives_its_messages_back(tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text("#!/bin/sh\necho '{}'\n")
    program.chmod(0o755)

    async def main() -> None:
        async with connected(outbound(tmp_path, process=["./tell"])) as adapter:
            assert (await delivered(adapter, message())).answer == {}
            program.unlink()
            with pytest.raises(NotConnected, match="tell cannot be started: No such file"):
                await delivered(adapter, message())

    run(main())


def test_a_script_without_its_first_line_is_told_so(tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text("echo '{}'\n")
    program.chmod(0o755)
    with pytest.raises(
        NotConnected, match=r"Exec format error; a script begins with a line such as #!/bin/sh"
    ):
        deliver_one(tmp_path, message(), process=["./tell"])


def test_a_cancelled_delivery_leaves_nothing_running(tmp_path: Path) -> None:
    """Not even what the program has started, ignores signals, or has left its group."""
    command = [
        *SHELL,
        (
            f"(setsid sh -c '{WAITS_FOR_EVER.format('left')}') & "
            f"sh -c '{WAITS_FOR_EVER.format('child')}' & {WAITS_FOR_EVER.format('main')}"
        ),
    ]

    async def main() -> None:
        async with connected(outbound(tmp_path, process=command)) as adapter:
            work = asyncio.create_task(delivered(adapter, message()))
            pids = [
                await until(lambda n=n: number_in(tmp_path / n), f"{n} runs")
                for n in ("left", "child", "main")
            ]
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            assert [pid for pid in pids if lives(pid)] == []

    run(main())


def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    command = [
        *SHELL,
        f"sh -c '{WAITS_FOR_EVER.format('child')}' & while ! test -s child; do :; done; echo '{{{{}}}}'",
    ]
    assert deliver_one(tmp_path, message(), process=command).answer == {}
    pid = number_in(tmp_path / "child")
    assert pid is not None
    assert not lives(pid)


def test_a_daemon_that_keeps_the_output_open_holds_nothing_up_and_ends_with_the_adapter(
    tmp_path: Path,
) -> None:
    left = "setsid sh -c 'setsid sh -c \"echo \\$\\$ > child; exec sleep 1000\" &'"
    daemon = f"{left}; while ! test -s child; do :; done"
    command = [*SHELL, f"{daemon}; echo '{{{{}}}}'"]

    async def main() -> int:
        async with connected(outbound(tmp_path, process=command)) as adapter:
            assert (await delivered(adapter, message())).answer == {}
            pid = number_in(tmp_path / "child")
            assert pid is not None
            assert lives(pid)
            return pid

    assert not lives(run(main()))


def test_close_kills_what_runs(tmp_path: Path) -> None:
    async def main() -> None:
        adapter = outbound(tmp_path, process=[*SHELL, WAITS_FOR_EVER.format("main")])
        await adapter.connect()
        work = asyncio.create_task(delivered(adapter, message()))
        pid = await until(lambda: number_in(tmp_path / "main"), "it runs")
        await adapter.close()
        assert not lives(pid)
        with pytest.raises(ProcessDied):
            await work
        await adapter.close()

    run(main())


def test_it_may_be_closed_unconnected_and_connected_again(tmp_path: Path) -> None:
    async def main() -> None:
        adapter = outbound(tmp_path, process=["echo", "{{}}"])
        await adapter.close()
        for _ in range(2):
            await adapter.connect()
            await adapter.connect()
            assert (await delivered(adapter, message())).answer == {}
            await adapter.close()

    run(main())


def test_a_killed_starter_takes_its_programs_along_and_is_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(outbound(tmp_path, process=[*SHELL, WAITS_FOR_EVER.format("main")])) as adapter:
            work = asyncio.create_task(delivered(adapter, message()))
            pid = await until(lambda: number_in(tmp_path / "main"), "it runs")
            starter = adapter._starter._process.pid  # type: ignore[attr-defined]  # the process that starts programs
            os.kill(starter, signal.SIGKILL)
            with pytest.raises(ProcessDied):
                await work
            await until(lambda: not lives(pid), "the program has ended")
            with pytest.raises(NotConnected):
                await delivered(adapter, message())
            await adapter.connect()
            (tmp_path / "main").unlink()
            again = asyncio.create_task(delivered(adapter, message()))
            await until(lambda: number_in(tmp_path / "main"), "it runs again")
            again.cancel()
            await asyncio.wait([again])

    run(main())


def test_many_runs_leave_no_file_open_and_no_child_behind(tmp_path: Path) -> None:
    async def main() -> None:
        others = len(children_of(os.getpid()))
        async with connected(outbound(tmp_path, process=["cat"])) as adapter:
            await delivered(adapter, message({}))
            before = len(open_files())
            many = [message({"n": number}) for number in range(60)]
            found = await asyncio.gather(*(delivered(adapter, one) for one in many))
            assert [one.answer["n"] for one in found] == list(range(60))
            for _ in range(20):
                cut = asyncio.create_task(delivered(adapter, message()))
                await asyncio.sleep(0)
                cut.cancel()
                await asyncio.wait([cut])
            assert len(open_files()) == before
            assert len(children_of(os.getpid())) == others + 1  # what starts them

    run(main())


def test_it_says_nothing_on_a_good_day(tmp_path: Path) -> None:
    notices = Notices()
    deliver_one(tmp_path, message(), notices, process=["true"])
    assert notices == []
