"""Every administrative command leaves a line in the audit log: who runs it, what it did, on what; never a secret."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import typer

from crossdock import Queue
from crossdock.cli.application import command
from crossdock.domain.key import Scope
from crossdock.hub.keys import KeyWish, creation
from tests.cli.command import Shell

ME: Final = f"cli:{pwd.getpwuid(os.geteuid()).pw_name}"
SECRET: Final = "plant-5ecret"  # noqa: S105 - opens nothing
DATA: Final = json.dumps({"password": SECRET})
NO_ACTIONS: Final = frozenset({
    "init", "check", "doctor", "config show", "config schema", "run", "worker", "api", "send", "call", "claim", "serve",
    "file list", "file replay", "file take", "file verify", "file write", "message show", "message timeline",
    "app list", "app status", "queue list", "queue stats", "queue log", "queue archive", "schedule list",
    "schedule show", "key list", "store backup", "store restore", "store check", "store migrate", "store vacuum",
    "store info", "version",
})  # fmt: skip
"""Commands that look, work, send, or concern files and the database as a whole."""


@dataclass(frozen=True, slots=True)
class Action:
    """An administrative command, and the line that it leaves.

    Attributes:
        words: What is typed; ``{key}`` is the id of a key.
        event: Of the line.
        app: Whose queue the line is about; "": all of the store; None: a message.
        make: Lets there be something to act on.
        details: What the line says beside who, what and when; None: whatever.
    """

    words: str
    event: str
    app: str | None
    make: Callable[[Queue], object] = lambda _: None
    details: dict[str, Any] | None = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the command."""
        first, second, *_ = *self.words.split(), ""
        return first if first == "reload" else f"{first} {second}"


def a_message(queue: Queue) -> None:
    queue.send("validator", {"password": SECRET}, message_id="m1")


def a_dead_letter(queue: Queue) -> None:
    a_message(queue)
    (delivery,) = queue.claim("validator")
    delivery.fail("no")


def a_schedule(queue: Queue) -> None:
    queue.every("0 7 * * *", "report", {"password": SECRET}, name="morning")


def a_paused_schedule(queue: Queue) -> None:
    a_schedule(queue)
    queue.pause_schedule("morning")


def an_override(queue: Queue) -> None:
    queue._store.write(lambda tx: tx.put_override("validator", {"concurrency": 2}, 0))


def a_stopped_app(queue: Queue) -> None:
    a_message(queue)
    queue._store.write(lambda tx: tx.stop_app("validator"))


MORNING: Final = {"schedule": "morning"}
ACTIONS: Final = (
    Action("message edit m1 --priority 9", "message.edited", None, a_message, {"before": {"priority": 4}}),
    Action("message cancel m1", "message.cancelled", None, a_message, {"was": "pending"}),
    Action("message replay m1", "message.replayed", None, a_dead_letter, {"was": "failed"}),
    Action("queue pause validator", "queue.paused", "validator"),
    Action("queue resume validator", "queue.resumed", "validator"),
    Action("queue replay validator --yes", "message.replayed", "validator", a_dead_letter, {"messages": 1}),
    Action("queue cancel validator --yes", "message.cancelled", "validator", a_message, {"messages": 1}),
    Action("queue purge validator --status failed --yes", "queue.purged", "validator", a_dead_letter,
           {"status": "failed", "messages": 1}),
    Action("app stop validator", "app.stopped", "validator", a_message),
    Action("app start validator", "app.started", "validator", a_stopped_app),
    Action("app restart validator", "app.restarted", "validator", a_message),
    Action("schedule add morning report - --every 10m", "schedule.created", "report", details=MORNING),
    Action("schedule set morning - --cron 0&8&*&*&*", "schedule.replaced", "report", a_schedule,
           {**MORNING, "changed": ["cron"]}),
    Action("schedule pause morning", "schedule.paused", "report", a_schedule, MORNING),
    Action("schedule resume morning", "schedule.resumed", "report", a_paused_schedule, MORNING),
    Action("schedule remove morning", "schedule.deleted", "report", a_schedule, MORNING),
    Action("key create shop --scope messages:send", "key.created", "", details=None),
    Action("key rotate {key}", "key.expires", "", details=None),
    Action("key revoke {key}", "key.revoked", "", details=None),
    Action("config reset validator", "app.reset", "validator", an_override),
    Action("reload", "config.reloaded", "", details={"generation": 1}),
)  # fmt: skip


def lines(queue: Queue) -> list[dict[str, Any]]:
    """Return the whole audit log."""
    words = "SELECT id, event, who, app, row_id, details FROM audit_log ORDER BY id"
    found = queue._store.open_store.exclusive(lambda database: database.execute(words).fetchall())
    names = ("id", "event", "who", "app", "row_id", "details")
    return [dict(zip(names, line, strict=True)) for line in found]


@pytest.mark.parametrize("action", ACTIONS, ids=[one.words for one in ACTIONS])
def test_an_action_tells_who_did_what_on_what(
    shell: Shell, store: Callable[[], AbstractContextManager[Queue]], action: Action
) -> None:
    with store() as queue:
        action.make(queue)
        made = queue._store.write(creation(KeyWish(name="shop", scopes=frozenset({Scope.MESSAGES_SEND}))))
        newest = lines(queue)[-1]["id"]
        typed = [word.replace("&", " ").format(key=made.key.id) for word in action.words.split()]
        result = shell.good(*typed, stdin=DATA, env={"USER": "mallory", "LOGNAME": "mallory"})
        told = [line for line in lines(queue) if line["id"] > newest]
        assert {line["who"] for line in told} == {ME}
        found = next(line for line in told if line["event"] == action.event)
        details = json.loads(found["details"] or "{}")
        if action.app is None:
            assert found["row_id"] == queue.get("m1").row_id
        else:
            assert (found["app"], found["row_id"]) == (action.app, 0)
        if action.event.startswith("key."):
            assert (details["name"], len(details["key"])) == ("shop", 12)
        else:
            assert details == action.details
        written = json.dumps(lines(queue))
        assert SECRET not in written
        for text in (str(made.text), *(word for word in result.out.split() if word.startswith("cdk_"))):
            assert text not in written
            assert text.split("_", 2)[2] not in written


def leaves(group: Any, context: typer.Context, prefix: str = "") -> Iterator[str]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from leaves(found, context, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def test_no_command_is_missing_in_the_table() -> None:
    tree = command()
    names = set(leaves(tree, typer.Context(tree)))
    assert names - NO_ACTIONS == {action.name for action in ACTIONS}
    assert names >= NO_ACTIONS


def test_a_claim_is_held_by_the_process_and_not_by_the_person(
    shell: Shell, store: Callable[[], AbstractContextManager[Queue]]
) -> None:
    with store() as queue:
        a_message(queue)
        shell.good("claim", "validator", "--ack")
        (claimed,) = [one for one in queue.timeline("m1") if one.event == "message.claimed"]
        assert (claimed.who or "").startswith("cli/")
