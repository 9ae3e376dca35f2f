"""The hub: handlers by app, and the run that brings them their messages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from crossdock.app.configured import (
    entrances,
    names_transport,
    options_over,
    registrations,
    routes_of,
    rules_of,
    waits_for_a_start,
)
from crossdock.app.ending import Urgency
from crossdock.app.exporters import RETRY, Exported, declare, runner_of
from crossdock.app.registration import Entrance, Registration, register
from crossdock.app.reloading import Plan
from crossdock.app.running import Running
from crossdock.app.signals import until_signalled
from crossdock.app.switching import switched
from crossdock.app.transport import PYTHON
from crossdock.asynchronous.queue import AsyncQueue
from crossdock.config import Loaded, load
from crossdock.config.applications import chosen
from crossdock.domain.breaker import Breaker
from crossdock.domain.errors import ConfigError
from crossdock.domain.message import AppId
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.routing import Routes, Subscription
from crossdock.domain.rules import Rate
from crossdock.domain.schedule import SHORTEST_INTERVAL
from crossdock.exporting import Exports
from crossdock.queue_core import QueueCore, Stop, overridden, overrides_of
from crossdock.synchronous.queue import Queue

if TYPE_CHECKING:
    from crossdock.config.model import AppTable
    from crossdock.ports.exporter import Exporter

F = TypeVar("F", bound=Callable[..., Any])

DRAIN: Final = timedelta(seconds=10)
"""A run that is told to stop ends within this time."""


class Hub:
    """Handlers written as plain functions, joined by routes.

    Args:
        source: The queue it works on, or a configuration, loaded or a file; None: ``crossdock.toml`` of the current
            folder if there is one, else the defaults. A queue that is given stays open; one that the hub opened is
            closed with it.

    Raises:
        ConfigError: The configuration is wrong; its message has a line for each thing.
    """

    def __init__(self, source: Queue | AsyncQueue | Loaded | str | os.PathLike[str] | None = None) -> None:
        self._given = source if isinstance(source, QueueCore) else None
        self._loaded = None if isinstance(source, QueueCore) else _loaded(source)
        self._opened: Queue | None = None
        self._decorated: dict[AppId, tuple[Callable[..., Any], dict[str, Any]]] = {}
        self._exporters: dict[AppId, Exported] = {}
        self._joined: frozenset[AppId] = frozenset()
        self._in_force: Routes | None = None
        self._join_applications()

    def __enter__(self) -> Self:
        """Return the hub."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the hub."""
        self.close()

    @property
    def queue(self) -> Queue:
        """The queue it works on, to send with; opened when it is first asked for.

        Raises:
            StoreError: The store cannot be opened.
        """
        if isinstance(self._given, Queue):
            return self._given
        if self._opened is None:
            if self._loaded is None:
                raise ConfigError("the hub was given an AsyncQueue; send with that one")
            self._opened = Queue.from_config(self._loaded, app="hub")
            self._loaded = overridden(self._opened._store, self._loaded)
        return self._opened

    def app(  # noqa: PLR0913 - one option for each thing that can be said of an app
        self,
        name: str,
        *,
        retry: RetryPolicy | None = None,
        concurrency: int = 1,
        next: Iterable[str] = (),  # noqa: A002 - the word of the configuration
        subscribe: Subscription | Iterable[Subscription] | None = None,
        timeout: timedelta | None = None,
        cpu: bool = False,
        fallback: str | None = None,
        max_depth: int | None = None,
        max_processing: int | None = None,
        rate: Rate | str | None = None,
        breaker: Breaker | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated function as the handler of an app; it stays what it is.

        What a configuration says under ``[apps.NAME]`` holds in place of what is said here; another transport there
        takes the place of the function.

        It is called as ``handler(message)``, or as ``handler(message, delivery)`` if it takes two arguments. An async
        function runs as a task, a plain one in a thread, with ``cpu`` in a process of its own. What it returns goes
        to the apps that follow, in the transaction that completes the message: a dict is the data of a message, a
        ``Message`` brings its own envelope, a list is several of these, None is nothing. What it raises decides what
        becomes of the message.

        Args:
            name: Whose messages it works on.
            retry: The policy for deliveries that fail, instead of the queue's.
            concurrency: So many messages are worked on at a time, in each process that runs the hub.
            next: The apps that receive what it returns.
            subscribe: What it wants to receive of what the others send.
            timeout: How long one call may last; then the attempt has failed. A task is cancelled and a process
                killed; a thread cannot be, and is left behind.
            cpu: Run it in processes, one for each message in work: for what keeps a processor busy, or may have to
                be killed. The function must stand at the top of a module.
            fallback: The app that receives, beside the dead letter that stays, each message that fails here for good.
            max_depth: No message is taken in while so many wait.
            max_processing: So many messages are worked on at a time, in all processes together.
            rate: So many deliveries are begun in a time, in all processes together, such as ``"10/s"``.
            breaker: Parks the queue while the far side seems to be down.

        Raises:
            ConfigError: The function cannot be a handler, or an option is wrong; the message says why.
        """
        options: dict[str, Any] = {
            "retry": retry, "concurrency": concurrency, "next": next, "subscribe": subscribe, "timeout": timeout,
            "cpu": cpu, "fallback": fallback, "max_depth": max_depth, "max_processing": max_processing, "rate": rate,
            "breaker": breaker,
        }  # fmt: skip
        table = None if self._loaded is None else self._loaded.config.apps.get(name)

        def decorate(function: F) -> F:
            checked = register(name, function, options)
            if checked.app in self._decorated or _has_function(table):
                raise ConfigError(f"{name!r} has a handler already; an app has one")
            if table is not None:
                register(name, function, options_over(options, table))
            self._decorated[checked.app] = function, options
            return function

        return decorate

    def exporter(
        self,
        exporter: Exporter,
        *,
        every: timedelta,
        next: Iterable[str] = (),  # noqa: A002 - the word of the configuration
        retry: RetryPolicy | None = None,
    ) -> None:
        """Register an exporter as an app that asks its service every so often what has changed.

        Each message ``{"full": bool}`` in its queue lets it run, and has the report of the run as its result. What it
        raises decides, as with any handler: RateLimited parks the queue, CredentialError pauses it. One run at a
        time, in all processes together. A message that waited is answered by a run that began after it was sent.

        Args:
            exporter: Its name is that of the app.
            every: The distance of two runs; the first is at once, if it has never run.
            next: The apps that receive each change.
            retry: The policy for runs that fail; default: for about a day, at most 15 minutes apart.

        Raises:
            ConfigError: An option is wrong, or the app has a handler already.
        """
        if not isinstance(every, timedelta) or every < SHORTEST_INTERVAL:
            raise ConfigError(
                f"every of {exporter.name!r} is {every!r}; it must be a timedelta of 1 s or more"
            )
        register_app = self.app(exporter.name, next=next, retry=retry or RETRY, max_processing=1)
        register_app(runner_of(exporter, lambda: Exports(self._given or self.queue, self._in_force)))
        self._exporters[AppId(exporter.name)] = Exported(exporter, every)

    @property
    def exports(self) -> Exports:
        """What exporters have found; a run that is started through it tells those who receive it in this hub."""
        return Exports(self._given or self.queue, self.routes)

    @property
    def routes(self) -> Routes:
        """Who receives what the apps of the hub send."""
        return routes_of(self.registered, self._loaded)

    @property
    def registered(self) -> dict[AppId, Registration]:
        """The apps that a program or an application has registered a handler for, as the configuration has them."""
        tables = {} if self._loaded is None else self._loaded.config.apps
        return {
            name: register(name, function, options_over(options, tables.get(name)))
            for name, (function, options) in self._decorated.items()
        }

    def check(self) -> None:
        """Make sure that all handlers and adapters can be made, before the store is opened.

        Raises:
            ConfigError: Some cannot; there is a line for each.
        """
        self._known()
        self._entrances()

    def names(self, *apps: str) -> list[str]:
        """Return the apps that a run would work for.

        Args:
            apps: Only these; default: all that have a handler or a transport.

        Raises:
            ConfigError: No app has one, one of ``apps`` has none, or one cannot be made.
        """
        known = _names(self._known(), self._entrances())
        if not known:
            raise ConfigError(
                "no app has a handler; register one with @hub.app(name), or name it in the configuration: "
                '[apps.NAME] with outbound = { python = "module:function" }'
            )
        return _chosen(known, apps)

    def run(
        self,
        *apps: str,
        wait: timedelta | None = None,
        stop: Stop | None = None,
        drain: timedelta = DRAIN,
    ) -> None:
        """Work on messages until told to stop: by SIGTERM, by Ctrl-C, or by ``stop``.

        What is in work may then end; what is unfinished in the end is handed back, nothing spent. A second signal
        hands it back at once. A third ends the process, whatever handlers do: what is unfinished is handed back,
        nothing else is cleaned up, and the exit code is 143.

        Args:
            apps: Only these; default: all that have a handler or a transport.
            wait: End when there was nothing to do for so long; default: never.
            stop: End when it is set.
            drain: End within so long after being told to stop.

        Raises:
            ConfigError: No app has a handler or a transport, or one of ``apps`` has none.
            StoreError: The store cannot be used.
        """
        running = self._running(apps, stop=stop, drain=drain)
        with until_signalled(Urgency(running, self._given or self.queue).rise):
            asyncio.run(running.run(wait))

    async def serve(
        self,
        *apps: str,
        wait: timedelta | None = None,
        stop: Stop | None = None,
        drain: timedelta = DRAIN,
    ) -> None:
        """Do the same in an event loop that runs already. Signals are left to the program.

        Args:
            apps: Only these; default: all that have a handler or a transport.
            wait: End when there was nothing to do for so long; default: never.
            stop: End when it is set.
            drain: End within so long after being told to stop.

        Raises:
            ConfigError: No app has a handler or a transport, or one of ``apps`` has none.
            StoreError: The store cannot be used.
        """
        await self._running(apps, stop=stop, drain=drain).run(wait)

    def close(self) -> None:
        """Close the queue that the hub opened; safe to call twice."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _running(self, apps: Iterable[str], *, stop: Stop | None, drain: timedelta) -> Running:
        queue = self._given or self.queue
        self.names(*apps)  # a start with nothing to do is a mistake; a change that leaves nothing is a wish
        return Running(
            queue._on_same_store(AsyncQueue),
            self._plan(apps, queue),
            renew=None if self._loaded is None else partial(self._renew, tuple(apps), queue),
            stop=stop,
            drain=drain,
        )

    def _plan(self, apps: Iterable[str], queue: QueueCore) -> Plan:
        """Return what is to be worked on, and put the policies and rules of all apps into force."""
        known, doors = self._known(), self._entrances()
        wanted = _chosen(_names(known, doors), apps)
        policies = {} if self._loaded is None else self._loaded.config.retry_policies()
        policies |= {name: one.retry for name, one in known.items() if one.retry is not None}
        queue._gateway.policies = queue._gateway.policies.with_retry(policies)
        queue._gateway.apply_rules(rules_of(known, self._loaded))
        declare(queue, {name: one for name, one in self._exporters.items() if name in wanted})
        self._in_force = routes_of(known, self._loaded)
        # A program's own hub, without a configuration, follows no generation, and obeys nobody.
        switches = {} if self._loaded is None else queue._store.read(lambda reader: reader.switches())
        return Plan(
            switched({name: one for name, one in known.items() if name in wanted}, switches),
            switched({name: one for name, one in doors.items() if name in wanted}, switches),
            self._in_force,
        )

    def _renew(self, apps: Iterable[str], queue: QueueCore) -> Plan:
        """Read the configuration again, and return what is to be worked on now.

        Raises:
            ConfigError: It is wrong; nothing has changed.
        """
        before = self._loaded
        assert before is not None  # noqa: S101 - who has no configuration is not asked to read it again
        parts = self._decorated, self._exporters, self._joined
        self._loaded = before.again(overrides=overrides_of(queue._store))
        try:
            self._join_applications()
            plan = self._plan(apps, queue)
        except BaseException:
            self._loaded = before
            self._decorated, self._exporters, self._joined = parts
            raise
        return replace(plan, remark=waits_for_a_start(before, self._loaded))

    def _join_applications(self) -> None:
        """Let the applications of the configuration add what they have, in place of what they had before."""
        own = {name: one for name, one in self._decorated.items() if name not in self._joined}
        self._decorated = dict(own)
        self._exporters = {name: one for name, one in self._exporters.items() if name in own}
        if self._loaded is not None:
            for application, table in chosen(self._loaded.config):
                application.register(self, table)
        self._joined = frozenset(self._decorated.keys() - own.keys())

    def _known(self) -> dict[AppId, Registration]:
        """Return every app that is handed its messages, by the program or by the configuration."""
        return {**self.registered, **({} if self._loaded is None else registrations(self._loaded))}

    def _entrances(self) -> dict[AppId, Entrance]:
        """Return every app through which messages come in."""
        return {} if self._loaded is None else entrances(self._loaded)


def _names(known: Mapping[AppId, Registration], doors: Mapping[AppId, Entrance]) -> list[str]:
    return list(dict.fromkeys([*known, *doors]))


def _chosen(known: Sequence[str], apps: Iterable[str]) -> list[str]:
    names = list(apps)
    for name in names:
        if name not in known:
            raise ConfigError(f"no handler is known for {name!r}; there are: {', '.join(known) or 'none'}")
    return [name for name in known if not names or name in names]


def _has_function(table: AppTable | None) -> bool:
    """Tell whether the configuration names a function for an app."""
    chosen = None if table is None else table.outbound
    return chosen is not None and chosen.kind == PYTHON and names_transport(chosen)


def _loaded(source: Loaded | str | os.PathLike[str] | None) -> Loaded:
    if isinstance(source, Loaded):
        return source
    return load(None if source is None else os.fspath(source))
