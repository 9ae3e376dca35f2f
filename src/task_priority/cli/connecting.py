"""Connecting a source: its secret is asked for, tried at once, and kept only if it works."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crossdock.command import ExitCode, Refusal, ask_to_reload, can_ask, counted, hint, progress, say, tell
from task_priority.cli.session import Session
from task_priority.cli.writing import problem_text

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.exporting import Exporter
    from task_priority.sources import Sources


def read_secret(what: str, *, variable: str | None = None) -> str:
    """Return a secret: from a variable, else typed by a person without being shown, else from standard input.

    Raises:
        Refusal: There is none.
    """
    given = os.environ.get(variable, "").strip() if variable else ""
    if not given:
        given = (getpass.getpass(f"{what}: ") if can_ask() else sys.stdin.readline()).strip()
    if not given:
        or_set = f", or set {variable}" if variable else ""
        raise Refusal(f"{what} is missing: type it, or write it to standard input{or_set}", ExitCode.USAGE)
    return given


@contextmanager
def keeping(names: Collection[str]) -> Iterator[None]:
    """Say of what goes wrong that nothing has changed.

    Args:
        names: Of the credentials that were to be replaced; none, if what was connected needs none.

    Raises:
        Refusal: A service does not answer, or refuses the credentials.
    """
    from crossdock import DeliveryError
    from task_priority.credentials import Credentials

    try:
        yield
    except DeliveryError as error:
        kept = Credentials(Session().home.folder)
        before = [where for name in names if (where := kept.where(name)) is not None]
        outcome = f"the credentials of before are kept, in {before[0]}" if before else "nothing is kept"
        if not names:
            outcome = "what was connected before stays as it is" if Session().is_connected else ""
        outcome = f", and {outcome}" if outcome else ""
        raise Refusal(f"{problem_text(error)}; nothing was connected{outcome}") from error


def connect_sources(
    connections: Mapping[str, Mapping[str, Any]], secrets: Mapping[str, Mapping[str, Any]]
) -> None:
    """Connect sources and fetch everything of them; if that fails, none is connected.

    Args:
        connections: By name, what is said of each.
        secrets: Credentials by the name under which they are to be kept; they are tried before.

    Raises:
        Refusal: A service does not answer, or refuses the credentials; nothing has changed.
    """
    from task_priority.sources import Sources

    session = Session()
    with session.queue() as queue, Sources(session.home, tried=secrets) as sources:
        with keeping(secrets):
            _try_out(sources, connections)
            for name, options in connections.items():
                _fetch(queue, sources.exporter(name, options))
        _connect(queue, sources, connections, secrets)
    hint("see what to do next: task-priority today")


def connect_beside(name: str, values: Mapping[str, Any]) -> None:
    """Connect what was tried, beside others of the same source; one of these that fails now is told of.

    Args:
        name: Of the source, and of its credentials.
        values: The credentials of all.
    """
    from crossdock import DeliveryError
    from task_priority.sources import Sources

    session = Session()
    secrets = {name: values}
    with session.queue() as queue, Sources(session.home, tried=secrets) as sources:
        try:
            _fetch(queue, sources.exporter(name, {}))
        except DeliveryError as error:
            tell(f"{name}: {problem_text(error)}")
            say(f"connected {name}: all that could be fetched now; the rest with the next task-priority sync")
        _connect(queue, sources, {name: {}}, secrets)
    hint("see what to do next: task-priority today")


def _connect(
    queue: Queue,
    sources: Sources,
    connections: Mapping[str, Mapping[str, Any]],
    secrets: Mapping[str, Mapping[str, Any]],
) -> None:
    """Keep what was tried, and let the exporters go on with it."""
    from task_priority.connections import Connections
    from task_priority.credentials import Credentials

    home = Session().home
    kept, known = Credentials(home.folder), Connections(home.connections)
    for name, values in secrets.items():  # a service may have renewed what was tried
        hint(f"kept in {kept.store(name, sources.credentials().load(name) or values)}")
    for name, options in connections.items():
        known.put(name, options)
    _let_go_on(queue, connections)
    tell_hub(queue)


def tell_hub(queue: Queue) -> None:
    """Let a hub that runs know that other sources are connected now."""
    if ask_to_reload(queue):
        hint("the hub that is running takes it over between two messages")


def _let_go_on(queue: Queue, names: Iterable[str]) -> None:
    """Resume what a hub paused when the credentials of before were refused."""
    from task_priority.asked import WRITER
    from task_priority.sources import TODOIST

    for name in names:
        queue.resume(name)
        if name == TODOIST:
            queue.resume(WRITER)


def _try_out(sources: Sources, connections: Mapping[str, Mapping[str, Any]]) -> None:
    """Ask each service one small thing, before anything of it is stored."""
    from task_priority.sources import Triable

    for name, options in connections.items():
        exporter = sources.exporter(name, options)
        if isinstance(exporter, Triable):
            exporter.try_out()


def _fetch(queue: Queue, exporter: Exporter) -> None:
    from crossdock.exporting import Exports

    with progress(f"fetching {exporter.name}") as advance:
        report = Exports(queue).sync(exporter, full=True, progress=lambda _: advance(1))
    parts = [f"connected {exporter.name}: {counted(report.counts.taken, 'object')} fetched"]
    if report.counts.set_aside:
        parts.append(f"{report.counts.set_aside} could not be taken (task-priority sources)")
    say(", ".join(parts))
